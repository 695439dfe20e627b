//===- GpuPixelShuffleTest.cpp - Phases of a block ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Blocks of mma.sync that compute several phases of a transposed convolution
// against the reference evaluation, in the emulator.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

static KernelTestOptions optionsOf(const StrategyCase &c) {
  return c.options(c.conv.out);
}

static ConvCase withStrategy(const StrategyCase &c) { return c.of("mma_sync"); }

class GpuPixelShuffle : public testing::TestWithParam<StrategyCase> {};

// Both layouts of filters.
TEST_P(GpuPixelShuffle, ConvTranspose) {
  for (bool transpose : {false, true}) {
    ConvCase c = withStrategy(GetParam());
    c.transposeFilter = transpose;
    EXPECT_EQ(checkKernels(convTransposeText(c), optionsOf(GetParam())), "");
  }
}

TEST_P(GpuPixelShuffle, InputGradient) {
  EXPECT_EQ(checkKernels(inputGradText(withStrategy(GetParam())),
                         optionsOf(GetParam())),
            "");
}

// All phases or some; a part of the channels of each, and more columns than
// channels; pixels of several blocks; two and three dimensions.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuPixelShuffle,
    testing::Values(
        StrategyCase{{{10, 14}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 24, 40},
                     "bf16",
                     "tile = [64, 128, 32], warp_rows = 32, warp_columns = 64, "
                     "stages = 2, phases = 4"},
        StrategyCase{{{6, 18}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 80, 24},
                     "f16",
                     "tile = [32, 64, 16], warp_rows = 16, warp_columns = 32, "
                     "stages = 3, phases = 2"},
        StrategyCase{
            {{4, 6, 10}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 12, 32},
            "bf16",
            "tile = [64, 256, 32], warp_rows = 32, warp_columns = 64, stages "
            "= 2, phases = 8"},
        StrategyCase{
            {{3, 6, 10}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {0, 0, 0}, 32, 16},
            "f16",
            "tile = [64, 64, 16], warp_rows = 32, warp_columns = 32, stages = "
            "2, phases = 2"}));

TEST(GpuPixelShuffleKernels, WrongStrategy) {
  const ConvCase shape{{10, 14}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 24, 40};
  const StrategyErrors expectError =
      StrategyErrors{"mma_sync, multiply_type = bf16, tile = [64, 64, 16], "
                     "warp_rows = 32, warp_columns = 32, stages = 2, phases = ",
                     shape}
          .storedAs("bf16")
          .of(convTransposeText);
  const std::string error =
      "expects phases to be a part of those of a transposed convolution";
  expectError("3", error); // Of four phases.
  expectError("8", error);
  ConvCase other = shape;
  other.taps = {3, 3};
  other.high = {1, 1};
  expectError("2", error, other);
  other = shape;
  other.in = other.out = 32;
  other.groups = 2;
  expectError("2", error, other);
}

} // namespace
