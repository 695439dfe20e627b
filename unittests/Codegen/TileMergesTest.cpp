//===- TileMergesTest.cpp - Merges of tiles and samples on GPUs -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The merges of a reduction: of all samples at once, in rounds of one launch,
// and in two launches. How it is done depends on the largest batch, the bits do
// not.

#include "GpuConvCase.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

/// A convolution with two tiles for each sample and statistics of its result:
/// a block merges 64 samples of 8 channels at once.
std::string convWithStatistics(const std::string &kind) {
  ConvCase c{{5, 8}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 4, 8};
  ConvTypes types = convTypes(c);
  std::string y = types.small, t = kind == "batch" ? vectorOf(8) : perSample(8);
  std::string text = fusionFunction(
      {types.large, types.filter}, {y, t, t, vectorOf(8)},
      "%r0 = seg.conv %a0, %a1 " + convAttributes(c) + " : (" + types.large +
          ", " + types.filter + ") -> " + y + "\n%r1, %r2 = seg.norm_stats " +
          kind + " %r0" + (kind == "group" ? " groups 2" : "") +
          " epsilon 1.0e-2 : (" + y + ") -> (" + t + ", " + t +
          ")\n%r3 = seg.channel_sum %r0 : " + y + " -> " + vectorOf(8));
  text.insert(text.find(" {\n", text.find("seg.fusion")),
              " attributes {strategy = #seg.strategy<implicit_gemm, tile = "
              "[32, 8, 4], thread_rows = 4, thread_columns = 4, sums_bytes = "
              "$SUMS>}");
  return text;
}

/// A loss with two tiles for each sample and 48 sums: a block merges 8 samples
/// at once.
std::string diceOfManyClasses() {
  std::string t = activation("17x18x16"), s = "tensor<$Nx3x16xf32>";
  return fusionFunction({t, "tensor<$Nx17x18xi32>"},
                        {"tensor<f32>", vectorOf(16), s},
                        "%r0, %r1, %r2 = seg.dice %a0, %a1 smooth 1.0 : (" + t +
                            ", tensor<$Nx17x18xi32>) -> (tensor<f32>, " +
                            vectorOf(16) + ", " + s + ")");
}

struct Text {
  std::string text;
  int64_t launches; ///< Where samples are merged with their tiles.
  int64_t merges;   ///< Reductions that take one launch more elsewhere.
  std::vector<int64_t> batches; ///< At once, in rounds, in two launches.
};

std::vector<Text> texts() {
  std::vector<Text> all;
  for (const char *kind : {"batch", "instance", "group"})
    all.push_back({convWithStatistics(kind),
                   kind == std::string("group") ? 4 : 3,
                   2,
                   {3, 70, 200}});
  all.push_back({diceOfManyClasses(), 2, 1, {3, 10, 33}});
  return all;
}

KernelTestOptions optionsOf(int64_t largest, int64_t batch) {
  KernelTestOptions options = gpuOptions();
  options.largestBatch = largest;
  options.batch = batch;
  options.classes = 16;
  options.tolerance = 1e-4;
  return options;
}

std::string forBatch(std::string text, int64_t batch) {
  // Two tiles and the sample, with one more row each, of either reduction.
  size_t at = text.find("$SUMS");
  if (at != std::string::npos)
    text.replace(at, 5, std::to_string(2 * batch * (3 + 2) * 2 * 8 * 4));
  return text;
}

TEST(TileMerges, AllNumbersOfSamples) {
  for (const Text &c : texts())
    for (int64_t largest : c.batches)
      for (int64_t batch : {largest, largest - 1, int64_t(1)})
        EXPECT_EQ(
            checkKernels(forBatch(c.text, largest), optionsOf(largest, batch)),
            "")
            << batch << " of " << largest;
}

// Kernels for more samples give the same bits, with more launches or not.
TEST(TileMerges, BitsDoNotDependOnTheLargestBatch) {
  for (const Text &c : texts()) {
    std::vector<Values> inputs, first;
    for (int64_t largest : llvm::reverse(c.batches)) {
      std::string error;
      auto compiled = CompiledFunction::compile(
          forBatch(c.text, largest), optionsOf(largest, /*batch=*/2), error);
      ASSERT_TRUE(compiled) << error;
      std::string kernels = compiled->kernelText();
      EXPECT_EQ(llvm::StringRef(kernels).count("gpu.func @"),
                size_t(c.launches + (largest == c.batches[2] ? c.merges : 0)))
          << largest;
      // The first samples are those of the largest batch.
      std::vector<Values> own = compiled->makeInputs();
      if (inputs.empty())
        inputs = own;
      for (auto [some, all] : llvm::zip_equal(own, inputs))
        some.assign(all.begin(), all.begin() + some.size());
      std::vector<Values> results =
          compiled->run(own, CompiledFunction::Order::Forward, error);
      ASSERT_EQ(error, "");
      if (first.empty())
        first = results;
      for (auto [some, all] : llvm::zip_equal(results, first))
        for (size_t i = 0; i < std::min(some.size(), all.size()); ++i)
          EXPECT_TRUE(some[i] == all[i] ||
                      (std::isnan(some[i]) && std::isnan(all[i])))
              << i << " of " << largest;
    }
  }
}

} // namespace
