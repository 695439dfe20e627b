//===- TileMergesTest.cpp - Merges of tiles and samples on GPUs -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The merges of a reduction: of all samples at once, in rounds of one launch,
// in a launch for tiles and one for samples, and by segments of many tiles. How
// it is done depends on the largest batch, the bits do not.

#include "GpuConvCase.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

/// A convolution of `height` x 8 pixels, 32 a tile, with statistics of its
/// result. $N has its value for `sums_bytes`.
std::string convWithStatistics(const std::string &kind, int64_t height,
                               int64_t largest) {
  ConvCase c{{height, 8}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 4, 8};
  ConvTypes types = convTypes(c);
  std::string y = types.small, t = kind == "batch" ? vectorOf(8) : perSample(8);
  std::string text = fusionFunction(
      {types.large, types.filter}, {y, t, t, vectorOf(8)},
      "%r0 = seg.conv %a0, %a1 " + convAttributes(c) + " : (" + types.large +
          ", " + types.filter + ") -> " + y + "\n%r1, %r2 = seg.norm_stats " +
          kind + " %r0" + (kind == "group" ? " groups 2" : "") +
          " epsilon 1.0e-2 : (" + y + ") -> (" + t + ", " + t +
          ")\n%r3 = seg.channel_sum %r0 : " + y + " -> " + vectorOf(8));
  // Rows of 8 channels: two for each tile and sample, and again for the merged
  // sample. A segment has those of its sums, and one of the pixels.
  int64_t tiles = (height * 8 + 31) / 32, segments = (tiles + 511) / 512;
  int64_t rows = 2 * (2 * (tiles + 1) + 2 * 2);
  if (segments > 1)
    rows += segments * (3 + 2);
  text.insert(text.find(" {\n", text.find("seg.fusion")),
              " attributes {strategy = #seg.strategy<implicit_gemm, tile = "
              "[32, 8, 4], thread_rows = 4, thread_columns = 4, sums_bytes = " +
                  std::to_string((largest * rows * 8 * 4 + 63) / 64 * 64) +
                  ">}");
  return text;
}

/// A loss with two tiles for each sample and 48 sums: a block merges 16 samples
/// at once.
std::string diceOfManyClasses() {
  std::string t = activation("17x18x16"), s = "tensor<$Nx3x16xf32>";
  return fusionFunction({t, "tensor<$Nx17x18xi32>"},
                        {"tensor<f32>", vectorOf(16), s},
                        "%r0, %r1, %r2 = seg.dice %a0, %a1 smooth 1.0 : (" + t +
                            ", tensor<$Nx17x18xi32>) -> (tensor<f32>, " +
                            vectorOf(16) + ", " + s + ")");
}

KernelTestOptions optionsOf(int64_t largest, int64_t batch) {
  KernelTestOptions options = gpuOptions();
  options.largestBatch = largest;
  options.batch = batch;
  options.classes = 16;
  options.tolerance = 1e-4;
  return options;
}

/// The kernels for some largest batches, and their numbers of launches.
struct MergeCase {
  std::function<std::string(int64_t largest)> text;
  std::map<int64_t, size_t> launches;
};

std::vector<MergeCase> mergeCases() {
  std::vector<MergeCase> cases;
  for (std::string kind : {"batch", "instance", "group"}) {
    size_t group = kind == "group";
    auto conv = [=](int64_t height) {
      return [=](int64_t largest) {
        return convWithStatistics(kind, height, largest);
      };
    };
    // A block merges 128 samples of two tiles at once; a third round takes
    // longer than a launch.
    cases.push_back(
        {conv(5), {{3, 3 + group}, {130, 3 + group}, {260, 5 + group}}});
    // 11 tiles: two rows of threads for a sample, which have 5 tiles or 6.
    cases.push_back({conv(43), {{2, 3 + group}, {3, 3 + group}}});
  }
  // Segments of 257 and 258 tiles, which 64 rows of threads share.
  cases.push_back({[](int64_t largest) {
                     return convWithStatistics("batch", 2058, largest);
                   },
                   {{2, 5}, {3, 5}}});
  cases.push_back({[](int64_t) { return diceOfManyClasses(); },
                   {{3, 2}, {20, 2}, {33, 3}}});
  return cases;
}

TEST(TileMerges, AllNumbersOfSamples) {
  for (const MergeCase &c : mergeCases())
    for (auto [largest, launches] : c.launches)
      for (int64_t batch : {largest, largest - 1, int64_t(1)})
        EXPECT_EQ(checkKernels(c.text(largest), optionsOf(largest, batch)), "")
            << batch << " of " << largest;
}

// Kernels for more samples give the same bits, with more launches or not.
TEST(TileMerges, BitsDoNotDependOnTheLargestBatch) {
  for (const MergeCase &c : mergeCases()) {
    std::vector<Values> inputs, expected;
    for (auto [largest, launches] : llvm::reverse(c.launches)) {
      std::string error;
      auto compiled = CompiledFunction::compile(
          c.text(largest), optionsOf(largest, /*batch=*/2), error);
      ASSERT_TRUE(compiled) << error;
      EXPECT_EQ(llvm::StringRef(compiled->kernelText()).count("gpu.func @"),
                launches)
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
      if (expected.empty())
        expected = results;
      for (auto [some, all] : llvm::zip_equal(results, expected))
        for (size_t i = 0; i < std::min(some.size(), all.size()); ++i)
          EXPECT_TRUE(some[i] == all[i] ||
                      (std::isnan(some[i]) && std::isnan(all[i])))
              << i << " of " << largest;
    }
  }
}

} // namespace
