//===- GpuFilterGradPatchTest.cpp - Filter gradients of patches -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Filter gradients whose blocks read a patch of the input for several taps,
// against the reference evaluation, in the emulator, in all its orders of
// threads and blocks.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

/// A convolution and tilings of its filter gradient, for factors of 16 bits.
struct PatchCase {
  ConvCase conv;
  std::vector<const char *> tilings;
};
void PrintTo(const PatchCase &c, std::ostream *os) { PrintTo(c.conv, os); }

/// The case with a strategy of so many parts.
ConvCase withStrategy(ConvCase c, const std::string &type,
                      const std::string &tiling, int64_t parts) {
  int64_t elements = c.in / c.groups * c.out;
  for (int64_t taps : c.taps)
    elements *= taps;
  int64_t bytes = parts == 1 ? 0 : 4 * parts * elements;
  c.strategy = "mma_patch, multiply_type = " + type + ", " + tiling +
               ", parts = " + std::to_string(parts) +
               ", temp_bytes = " + std::to_string((bytes + 63) / 64 * 64);
  return c;
}

/// Options for sums over the pixels of two samples.
KernelTestOptions patchOptions(const ConvCase &c, const std::string &type) {
  int64_t products = 2;
  for (int64_t size : c.large)
    products *= size;
  KernelTestOptions options = optionsFor(products);
  options.narrowResults = false; // Filter gradients are never of 16 bits.
  if (type == "tf32")
    options.levels = 1024; // No more bits than tf32.
  else
    options.narrow = type;
  return options;
}

class GpuFilterGradPatches : public testing::TestWithParam<PatchCase> {
protected:
  static void check(const ConvCase &c, const std::string &type, int64_t batch) {
    KernelTestOptions options = patchOptions(c, type);
    options.batch = batch;
    EXPECT_EQ(checkKernels(filterGradText(c), options), "")
        << filterGradText(c);
  }
};

TEST_P(GpuFilterGradPatches, SixteenBits) {
  const auto &[conv, tilings] = GetParam();
  for (const char *tiling : tilings) {
    check(withStrategy(conv, "bf16", tiling, 1), "bf16", 2);
    check(withStrategy(conv, "f16", tiling, 3), "f16", 1);
  }
}

TEST_P(GpuFilterGradPatches, Tf32) {
  const auto &[conv, tilings] = GetParam();
  for (const char *tiling : tilings)
    check(withStrategy(conv, "tf32", tiling, 2), "tf32", 2);
}

TEST_P(GpuFilterGradPatches, OtherFilterLayout) {
  auto [conv, tilings] = GetParam();
  conv.transposeFilter = true;
  check(withStrategy(conv, "bf16", tilings.front(), 3), "bf16", 2);
}

// What a prologue computes passes through registers.
TEST_P(GpuFilterGradPatches, Prologue) {
  const auto &[conv, tilings] = GetParam();
  if (conv.groups != 1)
    return;
  for (const char *tiling : tilings) {
    ConvCase c = withStrategy(conv, "tf32", tiling, 2);
    KernelTestOptions options = patchOptions(c, "tf32");
    options.levels = 16; // Products of the prologue are of tf32, too.
    options.low = 0;
    options.high = 16;
    options.tolerance = 1e-4;
    std::string text =
        prologueText(c, gated(convTypes(c).large), "conv_filter_grad");
    EXPECT_EQ(checkKernels(text, options), "") << text;
  }
}

// All taps, those of a depth, a line; boxes that the output cuts in all
// dimensions, padding and none; chunks of channels; more columns than channels
// and odd ones; an even number of taps along the height; strides; several
// stages; warps beside and below each other; groups.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuFilterGradPatches,
    testing::Values(
        PatchCase{{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 32},
                  {"tile = [288, 32, 64], box = [1, 4, 16], taps = 9, "
                   "warp_rows = 96, warp_columns = 32, stages = 2",
                   "tile = [288, 32, 32], box = [1, 4, 8], taps = 9, "
                   "warp_rows = 48, warp_columns = 16, stages = 3"}},
        PatchCase{{{7, 19}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 48, 20},
                  {"tile = [48, 32, 32], box = [1, 2, 16], taps = 3, "
                   "warp_rows = 48, warp_columns = 32, stages = 4",
                   "tile = [144, 16, 32], box = [1, 4, 8], taps = 9, "
                   "warp_rows = 48, warp_columns = 16, stages = 2"}},
        PatchCase{{{12, 9}, {2, 5}, {1, 1}, {1, 2}, {0, 2}, 16, 17},
                  {"tile = [160, 16, 32], box = [1, 4, 8], taps = 10, "
                   "warp_rows = 32, warp_columns = 16, stages = 2"}},
        PatchCase{
            {{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16},
            {"tile = [432, 16, 32], box = [2, 2, 8], taps = 27, "
             "warp_rows = 48, warp_columns = 16, stages = 2",
             "tile = [144, 16, 64], box = [2, 4, 8], taps = 9, "
             "warp_rows = 48, warp_columns = 16, stages = 2"}},
        PatchCase{
            {{4, 5, 6}, {2, 5, 3}, {1, 1, 1}, {0, 2, 1}, {1, 2, 1}, 16, 8},
            {"tile = [240, 16, 32], box = [1, 4, 8], taps = 15, "
             "warp_rows = 80, warp_columns = 16, stages = 2"}},
        PatchCase{
            {{3, 9, 10}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 32, 48},
            {"tile = [288, 64, 32], box = [1, 4, 8], taps = 9, "
             "warp_rows = 96, warp_columns = 32, stages = 3",
             "tile = [288, 16, 288], box = [3, 6, 16], taps = 9, "
             "warp_rows = 96, warp_columns = 16, stages = 2",
             "tile = [144, 32, 240], box = [1, 10, 24], taps = 9, "
             "warp_rows = 48, warp_columns = 32, stages = 2"}},
        PatchCase{{{11, 14}, {3, 3}, {2, 2}, {1, 0}, {1, 1}, 32, 16},
                  {"tile = [288, 16, 32], box = [1, 4, 8], taps = 9, "
                   "warp_rows = 96, warp_columns = 16, stages = 2"}},
        PatchCase{
            {{6, 10, 9}, {3, 2, 3}, {2, 2, 3}, {1, 0, 1}, {1, 0, 2}, 16, 24},
            {"tile = [288, 32, 32], box = [2, 2, 8], taps = 18, "
             "warp_rows = 32, warp_columns = 32, stages = 3",
             "tile = [96, 32, 32], box = [2, 2, 8], taps = 6, "
             "warp_rows = 32, warp_columns = 16, stages = 2"}},
        PatchCase{{{8, 7},
                   {3, 3},
                   {1, 1},
                   {1, 1},
                   {1, 1},
                   32,
                   64,
                   false,
                   false,
                   1,
                   "",
                   {},
                   2},
                  {"tile = [144, 32, 32], box = [1, 4, 8], taps = 9, "
                   "warp_rows = 48, warp_columns = 32, stages = 2"}}));

// Four positions of f32 are as wide as eight of 16 bits.
TEST(GpuFilterGradPatchKernels, NarrowBoxesOfTf32) {
  ConvCase c = withStrategy(
      {{6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24}, "tf32",
      "tile = [144, 32, 8], box = [1, 2, 4], taps = 9, warp_rows = 48, "
      "warp_columns = 16, stages = 2",
      2);
  EXPECT_EQ(checkKernels(filterGradText(c), patchOptions(c, "tf32")), "");
}

TEST(GpuFilterGradPatchKernels, WrongStrategy) {
  ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  const StrategyErrors expectError =
      StrategyErrors{"mma_patch, multiply_type = bf16, parts = 1, ", c}.of(
          filterGradText);
  std::string warps = ", warp_rows = 48, warp_columns = 16, stages = 2",
              box = ", box = [1, 4, 8]";
  expectError("tile = [96, 16, 32], taps = 6" + box + warps,
              "expects taps of a block to be all of the filter's, those of a "
              "depth or of a line along the height, got 6",
              c);
  expectError("tile = [16, 16, 32], taps = 1" + box + warps,
              "or of a line along the height, got 1", c);
  expectError("tile = [288, 16, 32], taps = 9" + box + warps,
              "expects rows of 9 taps by a power of two of channels, at least "
              "16, that divides those of a group, 16, got 288",
              c);
  expectError("tile = [144, 16, 32], taps = 9, warp_rows = 96, warp_columns = "
              "16, stages = 2" +
                  box,
              "expects the rows of a warp to be 3 taps by a power of two of "
              "channels, at least 16 and at most those of the block, got 96",
              c);
  expectError("tile = [144, 16, 32], taps = 9, warp_rows = 48, warp_columns = "
              "32, stages = 2" +
                  box,
              "expects columns of powers of two, those of a warp at least 16 "
              "and at most the tile's, got 16 and 32",
              c);
  expectError("tile = [144, 16, 32], taps = 9, box = [1, 8, 4]" + warps,
              "expects a box of as many pixels as the depth, 32, in twos high "
              "and in 8s wide",
              c);
  expectError("tile = [144, 16, 32], taps = 9, warp_rows = 48, warp_columns = "
              "16, stages = 1" +
                  box,
              "expects at least 2 stages, got 1", c);
  expectError("tile = [144, 16, 1024], taps = 9, warp_rows = 48, warp_columns "
              "= 16, stages = 4, box = [1, 32, 32]",
              "expects at most 232448 bytes of shared memory, got 279040", c);
  c.in = 64;
  c.out = 128;
  expectError("tile = [576, 128, 32], taps = 9, warp_rows = 96, warp_columns "
              "= 32, stages = 2" +
                  box,
              "expects at most 1024 threads, and 65536 registers of all, got "
              "768 threads with 96 sums",
              c);
  c = {{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16};
  expectError("tile = [16, 16, 32], taps = 1" + box + warps,
              "expects several taps", c);
  c = withGroups({{7, 9}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 16, 16}, 1, {2, 2});
  expectError("tile = [144, 16, 32], taps = 9" + box + warps,
              "expects dilations of 1", c);
}

} // namespace
