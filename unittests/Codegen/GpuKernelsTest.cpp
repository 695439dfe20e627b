//===- GpuKernelsTest.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// GPU kernels against the reference evaluation. They run in the emulator, in
// all its orders of threads and blocks.

#include "ConvCase.h"

#include "segc/Target/Strategy.h"
#include "llvm/ADT/bit.h"
#include <gtest/gtest.h>

using namespace segc::test;

namespace {
class GpuPointwise : public testing::TestWithParam<const char *> {};
} // namespace

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

// norm_apply has operands per sample, per channel and per element; dropout
// needs the element's number, sigmoid an exponential.
static std::string normalisation(const std::string &shape) {
  std::string t = activation(shape);
  int64_t channels = std::stoll(shape.substr(shape.rfind('x') + 1));
  std::string c = vectorOf(channels), s = perSample(channels);
  return fusionFunction(
      {t, s, s, c, c, t, "tensor<i64>", "tensor<i64>", "tensor<i64>"}, {t, t},
      "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + t + ", " + s + ", " +
          s + ", " + c + ", " + c + ") -> " + t +
          "\n%l = seg.leaky_relu %n slope 0.01 : " + t +
          "\n%r0 = seg.add %l, %a5 : (" + t + ", " + t + ") -> " + t +
          "\n%g = seg.sigmoid %r0 : " + t +
          "\n%r1 = seg.dropout %g key(%a6, %a7, %a8) rate 0.5 id 7 : (" + t +
          ", tensor<i64>, tensor<i64>, tensor<i64>) -> " + t);
}

/// Threads with so many vectors of the same channels.
static KernelTestOptions positionsOptions(int64_t positions) {
  KernelTestOptions options = gpuOptions();
  options.choose = [=](segc::seg::FusionOp fusion) {
    mlir::Builder b(fusion.getContext());
    fusion.setStrategyAttr(segc::seg::StrategyAttr::get(
        fusion.getContext(), segc::pointwiseKind,
        b.getNamedAttr("positions", b.getI64IntegerAttr(positions))));
  };
  return options;
}

namespace {

TEST_P(GpuPointwise, Chain) {
  EXPECT_EQ(checkKernels(normalisation(GetParam()), gpuOptions()), "");
}

// A number that is no multiple of the positions that are loaded at a time, and
// one that is; in 16 bits more of them are.
TEST_P(GpuPointwise, PositionsOfAThread) {
  std::string text = normalisation(GetParam());
  for (int64_t positions : {3, 8}) {
    EXPECT_EQ(checkKernels(text, positionsOptions(positions)), "") << positions;
    KernelTestOptions halves = positionsOptions(positions);
    halves.narrow = "bf16";
    halves.tolerance = 1e-2;
    EXPECT_EQ(checkKernels(text, halves), "") << positions << " of bf16";
  }
}

// An element's arithmetic is the same, whichever thread does it.
TEST_P(GpuPointwise, PositionsHaveTheSameBits) {
  std::string text = normalisation(GetParam()), error;
  std::vector<Values> inputs, first;
  for (int64_t positions : {1, 2, 4}) {
    KernelTestOptions options = positionsOptions(positions);
    auto compiled = CompiledFunction::compile(text, options, error);
    ASSERT_TRUE(compiled) << error;
    if (inputs.empty())
      inputs = compiled->makeInputs();
    auto results =
        compiled->run(inputs, CompiledFunction::Order::Forward, error);
    ASSERT_EQ(error, "");
    auto bitsOf = [](const std::vector<Values> &results) {
      std::vector<uint64_t> bits;
      for (const Values &values : results)
        for (double value : values)
          bits.push_back(llvm::bit_cast<uint64_t>(value));
      return bits;
    };
    if (first.empty())
      first = results;
    EXPECT_EQ(bitsOf(results), bitsOf(first)) << positions;
  }
}

// Operands with one value for all channels of a pixel, and with one for all
// elements.
TEST_P(GpuPointwise, PixelsAndScalars) {
  std::string shape = GetParam(), t = activation(shape),
              p = activation(shape.substr(0, shape.rfind('x')) + "x1");
  std::string text = fusionFunction(
      {t, p, "tensor<f32>"}, {t},
      "%m = seg.mul %a0, %a1 : (" + t + ", " + p + ") -> " + t +
          "\n%r0 = seg.mul %m, %a2 : (" + t + ", tensor<f32>) -> " + t);
  EXPECT_EQ(checkKernels(text, gpuOptions()), "");
  EXPECT_EQ(checkKernels(text, positionsOptions(4)), "");
}

// Channels that are whole vectors, that are not, less than a vector; several
// blocks.
INSTANTIATE_TEST_SUITE_P(Shapes, GpuPointwise,
                         testing::Values("5x7x1", "9x11x3", "1x1x1", "3x5x7x16",
                                         "5x7x17", "2x3x5x32", "23x29x3",
                                         "17x16x8", "31x9x40"));

// Flat vectors of a training step have neither batch nor channels.
TEST(GpuPointwiseVectors, UpdateOfARunningMean) {
  std::string c = vectorOf(1027);
  EXPECT_EQ(
      checkKernels(
          fusionFunction({c, c}, {c},
                         "%r0 = seg.running_mean %a0, %a1 momentum 0.9 : (" +
                             c + ", " + c + ") -> " + c),
          gpuOptions()),
      "");
}

} // namespace
