//===- GpuWgmmaGradTest.cpp - Filter gradients by warpgroups --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Filter gradients that read a patch of the input once for several taps,
// against the reference evaluation, in the emulator.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

KernelTestOptions optionsOf(const char *narrow) {
  KernelTestOptions options = optionsFor(/*products=*/1000);
  options.target = "sm_90a";
  options.narrow = narrow;
  options.narrowResults = false;
  return options;
}

ConvCase withStrategy(ConvCase c, const char *narrow,
                      const std::string &parameters, int64_t parts) {
  c.strategy = std::string("wgmma_patch, multiply_type = ") + narrow + ", " +
               parameters + ", parts = " + std::to_string(parts);
  if (parts > 1) {
    int64_t bytes = parts * tapsOf(c) * c.in * c.out * 4;
    c.strategy += ", temp_bytes = " + std::to_string((bytes + 63) / 64 * 64);
  }
  return c;
}

struct GradCase {
  ConvCase conv;
  const char *narrow;
  const char *parameters;
  int64_t parts;
};

void PrintTo(const GradCase &c, std::ostream *os) {
  *os << c.parameters << ", ";
  PrintTo(c.conv, os);
}

class GpuWgmmaGrad : public testing::TestWithParam<GradCase> {};

// Both layouts of filters.
TEST_P(GpuWgmmaGrad, Alone) {
  auto [shape, narrow, parameters, parts] = GetParam();
  for (bool transpose : {false, true}) {
    ConvCase c = withStrategy(shape, narrow, parameters, parts);
    c.transposeFilter = transpose;
    EXPECT_EQ(checkKernels(filterGradText(c), optionsOf(narrow)), "")
        << c.strategy;
  }
}

// One to three warpgroups; taps of 64 channels, pairs of taps of 32 and a tap
// that remains, or taps as columns of products; one depth or all; rows of 8 and
// 16 pixels; boxes that outputs cut; columns that do not exist; fewer steps
// than stages and more.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuWgmmaGrad,
    testing::Values(
        GradCase{{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 64, 24},
                 "bf16",
                 "tile = [576, 32, 32], box = [1, 4, 8], taps = 9, warpgroups "
                 "= 3, stages = 2",
                 1},
        GradCase{{{7, 19}, {3, 3}, {1, 1}, {0, 2}, {1, 0}, 64, 72},
                 "f16",
                 "tile = [288, 64, 64], box = [1, 4, 16], taps = 9, "
                 "warpgroups = 3, stages = 3",
                 3},
        GradCase{{{9, 10}, {5, 2}, {1, 1}, {2, 0}, {2, 1}, 32, 16},
                 "bf16",
                 "tile = [320, 16, 16], box = [1, 2, 8], taps = 10, warpgroups "
                 "= 2, stages = 3",
                 2},
        GradCase{{{6, 5}, {2, 1}, {1, 1}, {0, 0}, {1, 0}, 64, 40},
                 "bf16",
                 "tile = [64, 32, 64], box = [1, 8, 8], taps = 2, warpgroups = "
                 "1, stages = 2",
                 1},
        GradCase{
            {{4, 5, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 32},
            "bf16",
            "tile = [864, 32, 64], box = [2, 4, 8], taps = 27, warpgroups = 3, "
            "stages = 2",
            2},
        GradCase{
            {{3, 6, 9}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 96, 16},
            "f16",
            "tile = [288, 16, 32], box = [2, 2, 8], taps = 9, warpgroups = 3, "
            "stages = 4",
            1},
        GradCase{{{7, 19}, {3, 3}, {1, 1}, {1, 0}, {0, 1}, 96, 72},
                 "bf16",
                 "tile = [288, 64, 64], box = [1, 4, 16], taps = 9, "
                 "warpgroups = 3, stages = 3",
                 2},
        GradCase{
            {{3, 6, 9}, {3, 3, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 0}, 32, 40},
            "f16",
            "tile = [192, 64, 64], box = [2, 4, 8], taps = 6, warpgroups = 2, "
            "stages = 2",
            1}));

// Blocks of a cluster add their parts: one cluster or several; all forms of
// products; parts without a step; columns that do not exist.
INSTANTIATE_TEST_SUITE_P(
    Clusters, GpuWgmmaGrad,
    testing::Values(
        GradCase{{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 64, 24},
                 "bf16",
                 "tile = [576, 32, 32], box = [1, 4, 8], taps = 9, warpgroups "
                 "= 3, stages = 2, cluster = 2",
                 2},
        GradCase{{{7, 19}, {3, 3}, {1, 1}, {0, 2}, {1, 0}, 64, 72},
                 "f16",
                 "tile = [288, 64, 64], box = [1, 4, 16], taps = 9, "
                 "warpgroups = 3, stages = 3, cluster = 4",
                 8},
        GradCase{{{6, 5}, {2, 1}, {1, 1}, {0, 0}, {1, 0}, 64, 40},
                 "bf16",
                 "tile = [64, 32, 64], box = [1, 8, 8], taps = 2, warpgroups = "
                 "1, stages = 2, cluster = 8",
                 8},
        GradCase{
            {{4, 5, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 32},
            "bf16",
            "tile = [864, 32, 64], box = [2, 4, 8], taps = 27, warpgroups = 3, "
            "stages = 2, cluster = 2",
            6}));

TEST(GpuWgmmaGradKernels, WrongStrategy) {
  const ConvCase shape{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 64, 24};
  const StrategyErrors expectError =
      StrategyErrors{"wgmma_patch, multiply_type = bf16, parts = 1, ", shape,
                     optionsOf("bf16")}
          .of(filterGradText);
  const std::string box = ", box = [1, 4, 8]", rest = ", stages = 2",
                    tail = ", taps = 9, warpgroups = 3" + box + rest,
                    good = "tile = [576, 32, 32]" + tail;
  expectError.on("sm_90")(good, "takes a GPU with warpgroups, sm_90a");
  expectError(good + ", cluster = 3",
              "expects clusters of 1, 2, 4 or 8 blocks");
  expectError(good + ", cluster = 4",
              "expects parts to be a multiple of the 4 blocks of a cluster, "
              "got 1");
  ConvCase other = shape;
  other.groups = 2;
  expectError(good, "takes one group of channels", other);
  other = shape;
  other.dilations = {2, 1};
  expectError(good, "takes strides and dilations of 1", other);
  other = shape;
  other.in = 48;
  expectError(good, "takes input channels in multiples of 32", other);
  other = shape;
  other.taps = {1, 4};
  expectError(good, "takes several taps, at most 3 along the width", other);
  expectError("tile = [576, 32, 32], taps = 6, warpgroups = 3" + box + rest,
              "expects the taps of all depths or of one, got 6");
  expectError("tile = [576, 32, 32], taps = 9, warpgroups = 2" + box + rest,
              "expects a warpgroup for each tap along the width, got 2");
  expectError("tile = [144, 32, 32]" + tail,
              "expects rows of 32 or 64 channels of each tap");
  expectError("tile = [576, 128, 32]" + tail,
              "expects 16, 32 or 64 columns, got 128");
  expectError("tile = [576, 32, 64]" + tail,
              "expects a box of as many pixels as the depth");
  expectError(
      "tile = [576, 32, 32], taps = 9, warpgroups = 3, box = [1, 8, 4]" + rest,
      "expects a box of as many pixels as the depth");
  expectError("tile = [576, 32, 32], taps = 9, warpgroups = 3, stages = 1" +
                  box,
              "expects 2 to 8 stages, got 1");
  expectError("tile = [576, 64, 256], taps = 9, warpgroups = 3, box = [1, 16, "
              "16], stages = 2",
              "bytes of shared memory");
}

} // namespace
