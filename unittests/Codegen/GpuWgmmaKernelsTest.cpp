//===- GpuWgmmaKernelsTest.cpp - Convolutions by wgmma ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Blocks of warpgroups against the reference evaluation, in the emulator, in
// all its orders of threads and blocks.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class GpuWgmmaRoles : public testing::TestWithParam<ConvCase> {};

TEST_P(GpuWgmmaRoles, Alone) {
  const char *narrow = GetParam().in == 16 ? "bf16" : "f16";
  checkRoles(GetParam(), [&](KernelTestOptions &options) {
    useTensorCores(options, narrow, 0, "wgmma");
  });
}

// Both layouts of filters, an epilogue, one sample.
TEST_P(GpuWgmmaRoles, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  checkRoles(c, [&](KernelTestOptions &options) {
    useTensorCores(options, "bf16", 1, "wgmma");
    options.batch = 1;
  });
}

// Statistics of boxes that the output cuts.
TEST_P(GpuWgmmaRoles, Statistics) {
  const ConvCase &c = GetParam();
  ConvTypes types = convTypes(c);
  std::string x = types.large, y = types.small, b = vectorOf(c.out),
              t = perSample(c.out);
  KernelTestOptions options = optionsFor(c.in * tapsOf(c));
  useTensorCores(options, "bf16", 0, "wgmma");
  options.narrowResults = false;
  EXPECT_EQ(
      checkKernels(
          fusionFunction({x, types.filter, b}, {y, t, t},
                         "%r0 = seg.conv %a0, %a1 bias %a2 " +
                             convAttributes(c) + " : (" + x + ", " +
                             types.filter + ", " + b + ") -> " + y +
                             "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon "
                             "1.0e-2 : (" +
                             y + ") -> (" + t + ", " + t + ")"),
          options),
      "");
}

// Rows of 32, 64 and 128 bytes, channels that are cut, phases.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuWgmmaRoles,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24},
        ConvCase{{7, 13}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 80, 40},
        ConvCase{{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 32, 16},
        ConvCase{{4, 4, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 16, 8},
        ConvCase{
            {4, 5, 3}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 40}));

// A warpgroup for half of the columns, more stages than steps, dilations, both
// layouts of filters.
TEST(GpuWgmmaKernels, OtherTilings) {
  ConvCase c{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 72};
  c.dilations = {2, 2};
  struct Tiling {
    const char *tile;
    int64_t parts; ///< Of a filter gradient; 0 for a convolution.
  };
  for (auto [tile, parts] :
       {Tiling{"tile = [64, 128, 32], box = [1, 8, 8], stages = 2", 0},
        Tiling{"tile = [128, 64, 16], box = [1, 8, 16], stages = 8", 0},
        Tiling{"tile = [128, 256, 64], box = [1, 16, 8], stages = 3", 0},
        Tiling{"tile = [64, 32, 64], box = [1, 4, 16], stages = 4", 0},
        Tiling{"tile = [64, 64, 128], box = [1, 8, 16], stages = 2", 1},
        Tiling{"tile = [128, 32, 16], box = [1, 4, 4], stages = 5", 3}}) {
    KernelTestOptions options = optionsFor(72 * 9);
    options.target = "sm_90a";
    options.narrow = "bf16";
    options.narrowResults = false;
    c.transposeFilter = !c.transposeFilter;
    checkTiling(c, std::string("wgmma, multiply_type = bf16, ") + tile, parts,
                options);
  }
}

// Boxes of a copy of an f32 filter, in both of its layouts.
TEST(GpuWgmmaKernels, FiltersInF32) {
  ConvCase c{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24};
  for (bool transpose : {false, true})
    for (bool inputGrad : {false, true}) {
      c.transposeFilter = transpose;
      KernelTestOptions options = optionsFor(c.in * c.out);
      useTensorCores(options, "bf16", 0, "wgmma");
      options.narrow = "";
      options.levels = 128;
      EXPECT_EQ(checkKernels(withWideFilter(c, "bf16", inputGrad), options),
                "");
    }
}

TEST(GpuWgmmaKernels, WrongStrategy) {
  const ConvCase shape{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24};
  const StrategyErrors expectError =
      StrategyErrors{"wgmma, multiply_type = bf16, ", shape}
          .on("sm_90a")
          .storedAs("bf16");
  const std::string good = "tile = [128, 32, 16], box = [1, 8, 16], stages = 4";
  expectError.on("sm_90")(good, "takes a GPU with warpgroups, sm_90a");
  expectError(good, "takes channels in eights",
              {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 24});
  expectError(good, "takes one group of channels", withGroups(shape, 2));
  expectError("tile = [32, 32, 16], box = [1, 4, 8], stages = 4",
              "expects a tile of 64, 128 or 256 rows, got 32");
  expectError("tile = [64, 16, 16], box = [1, 8, 8], stages = 4",
              "expects a warpgroup to have 16 to 256 columns, got 8");
  expectError("tile = [128, 32, 8], box = [1, 8, 16], stages = 4",
              "expects a depth of 16 to 64, or 128 for a filter gradient, got "
              "8");
  expectError("tile = [128, 32, 16], box = [1, 16, 16], stages = 4",
              "expects a box of at most 128 pixels");
  expectError("tile = [128, 32, 16], box = [2, 8, 8], stages = 4",
              "expects a box of at most 128 pixels, in 2-D 1 deep");
  expectError("tile = [128, 32, 16], box = [1, 8, 16], stages = 1",
              "expects 2 to 8 stages, got 1");
  expectError("tile = [128, 256, 64], box = [1, 8, 16], stages = 5",
              "expects at most 232448 bytes of shared memory, got 245840");
}

} // namespace
