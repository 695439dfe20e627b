//===- GpuKernelsTest.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// GPU kernels against the reference evaluation. They run in the emulator, in
// all its orders of threads and blocks.

#include "ConvCase.h"

#include <gtest/gtest.h>

using namespace segc::test;

namespace {

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

class GpuPointwise : public testing::TestWithParam<const char *> {};

// norm_apply has operands per sample, per channel and per element; dropout
// needs the element's number, sigmoid an exponential.
TEST_P(GpuPointwise, Chain) {
  std::string shape = GetParam(), t = activation(shape);
  int64_t channels = std::stoll(shape.substr(shape.rfind('x') + 1));
  std::string c = vectorOf(channels), s = perSample(channels);
  std::string text = fusionFunction(
      {t, s, s, c, c, t, "tensor<i64>", "tensor<i64>", "tensor<i64>"}, {t, t},
      "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + t + ", " + s + ", " +
          s + ", " + c + ", " + c + ") -> " + t +
          "\n%l = seg.leaky_relu %n slope 0.01 : " + t +
          "\n%r0 = seg.add %l, %a5 : (" + t + ", " + t + ") -> " + t +
          "\n%g = seg.sigmoid %r0 : " + t +
          "\n%r1 = seg.dropout %g key(%a6, %a7, %a8) rate 0.5 id 7 : (" + t +
          ", tensor<i64>, tensor<i64>, tensor<i64>) -> " + t);
  EXPECT_EQ(checkKernels(text, gpuOptions()), "");
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
}

// Channels that are whole vectors, that are not, less than a vector; several
// blocks.
INSTANTIATE_TEST_SUITE_P(Shapes, GpuPointwise,
                         testing::Values("5x7x1", "9x11x3", "1x1x1", "3x5x7x16",
                                         "5x7x17", "2x3x5x32", "23x29x3",
                                         "17x16x8"));

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
