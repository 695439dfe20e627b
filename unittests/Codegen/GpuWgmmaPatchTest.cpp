//===- GpuWgmmaPatchTest.cpp - Patches that warpgroups multiply -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Convolutions and input gradients of the kind wgmma_patch against the
// reference evaluation, in the emulator, in all its orders of threads.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class GpuWgmmaPatches : public testing::TestWithParam<ConvCase> {
protected:
  static void check(const ConvCase &c, const std::string &type, size_t number) {
    KernelTestOptions options = optionsFor(std::max(c.in, c.out) * tapsOf(c));
    useTensorCores(options, type, number, "wgmma_patch");
    for (const std::string &text :
         {convText(c), inputGradText(c), convTransposeText(c)})
      EXPECT_EQ(checkKernels(text, options), "") << text;
  }
};

TEST_P(GpuWgmmaPatches, Alone) {
  const ConvCase &c = GetParam();
  check(c, c.in == 16 ? "f16" : "bf16", 0);
}

// The other layout of filters.
TEST_P(GpuWgmmaPatches, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  check(c, "bf16", 1);
}

// A prologue is computed once for a position of the patch.
TEST_P(GpuWgmmaPatches, PrologueAndStatistics) {
  const ConvCase &c = GetParam();
  KernelTestOptions options = optionsFor(c.in * tapsOf(c));
  useTensorCores(options, "bf16", 0, "wgmma_patch");
  options.levels = 0;
  options.narrowResults = false;
  options.tolerance = 3e-2; // Of the normalised input, rounded.
  EXPECT_EQ(checkKernels(normalised(c), options), "");
}

// Copies whose output channels are filled up to eights, of few classes.
TEST(GpuWgmmaPatchKernels, OddOutputs) {
  for (int64_t out : {3, 19}) {
    ConvCase c{{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, out};
    KernelTestOptions options = optionsFor(27 * 16);
    useTensorCores(options, "bf16", 0, "wgmma_patch");
    options.narrow = "";
    options.levels = 128;
    EXPECT_EQ(checkKernels(withWideFilter(c, "bf16", false), options), "");
  }
}

// Copies of filters in f32, which have no more bits than bf16.
TEST_P(GpuWgmmaPatches, FilterCopies) {
  ConvCase c = GetParam();
  for (bool inputGrad : {false, true}) {
    c.transposeFilter = !inputGrad;
    KernelTestOptions options = optionsFor(c.in * c.out);
    useTensorCores(options, "bf16", 0, "wgmma_patch");
    options.narrow = "";
    options.levels = 128;
    EXPECT_EQ(checkKernels(withWideFilter(c, "bf16", inputGrad), options), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GpuWgmmaPatches,
                         testing::ValuesIn(patchShapes()));

// Squares along each dimension, more stages than steps of a chunk, columns that
// are cut, several boxes of the filter, operands of the epilogue that threads
// load several times.
TEST(GpuWgmmaPatchKernels, OtherTilings) {
  struct Tiling {
    const char *tile;
    ConvCase c;
  };
  ConvCase flat{{11, 18}, {1, 2}, {1, 1}, {0, 1}, {0, 0}, 48, 24},
      wide{{9, 9}, {2, 2}, {1, 1}, {1, 0}, {0, 1}, 32, 136},
      deep{{5, 9, 10}, {2, 3, 1}, {1, 1, 1}, {1, 1, 0}, {0, 1, 0}, 64, 16};
  for (auto &[tile, c] : {
           Tiling{"tile = [512, 32, 16], box = [1, 32, 16], stages = 8", flat},
           Tiling{"tile = [128, 32, 16], box = [1, 8, 16], stages = 2", flat},
           Tiling{"tile = [128, 128, 32], box = [1, 16, 8], stages = 3", wide},
           Tiling{"tile = [512, 16, 64], box = [2, 16, 16], stages = 4", deep},
           Tiling{"tile = [256, 32, 32], box = [4, 8, 8], stages = 2", deep},
       }) {
    ConvCase own = c;
    own.epilogue = true;
    own.strategy = std::string("wgmma_patch, multiply_type = bf16, ") + tile;
    KernelTestOptions options = optionsFor(64 * 9);
    options.target = "sm_90a";
    options.narrow = "bf16";
    options.narrowResults = false;
    EXPECT_EQ(checkKernels(convText(own), options), "") << own.strategy;
  }
}

TEST(GpuWgmmaPatchKernels, WrongStrategy) {
  const ConvCase good{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24};
  const StrategyErrors expectError =
      StrategyErrors{"wgmma_patch, multiply_type = bf16, ", good}
          .on("sm_90a")
          .storedAs("bf16");
  const std::string tile = "tile = [128, 32, 16], box = [1, 8, 16], stages = 4";
  expectError.on("sm_90")(tile, "takes a GPU with warpgroups, sm_90a");
  expectError.storedAs("f16")(
      tile, "expects filter_copy of a filter that is not in memory in the "
            "multiply_type");
  ConvCase c = good;
  c.strides = {2, 2};
  expectError(tile, "takes strides and dilations of 1", c);
  c = {{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 24};
  expectError(tile, "takes several taps", c);
  expectError(tile, "takes one group of channels", withGroups(good, 2));
  c = good;
  c.in = 24;
  expectError(tile,
              "takes output channels in eights and input channels in sixteens",
              c);
  expectError("tile = [128, 32, 16], box = [1, 8, 8], stages = 4",
              "expects a box of as many pixels as the tile has rows, 128, each "
              "size a power of two");
  for (const char *wrong : {"tile = [128, 32, 16], box = [1, 4, 32]",
                            "tile = [64, 32, 16], box = [1, 8, 8]"})
    expectError(std::string(wrong) + ", stages = 4",
                "expects a box of two squares of 8 x 8 pixels or more");
  expectError("tile = [128, 8, 16], box = [1, 8, 16], stages = 4",
              "expects 16 to 256 columns, got 8");
  expectError("tile = [128, 32, 32], box = [1, 8, 16], stages = 4",
              "expects a depth of 16 to 64 that divides the input channels, "
              "16, got 32");
  expectError("tile = [128, 32, 16], box = [1, 8, 16], stages = 9",
              "expects 2 to 8 stages, got 9");
  expectError("tile = [512, 128, 16], box = [2, 16, 16], stages = 4",
              "expects a thread to have at most 128 sums, got 256");
}

} // namespace
