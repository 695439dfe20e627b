//===- GpuWgmmaTapsTest.cpp - Boxes of wgmma ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Convolutions by wgmma whose steps multiply all taps along the height, whose
// boxes have fewer pixels than the tile has rows, or whose tiles have several
// samples, against the reference evaluation, in the emulator.

#include "GpuConvCase.h"

#include "mlir/AsmParser/AsmParser.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class GpuWgmmaTaps : public testing::TestWithParam<StrategyCase> {
protected:
  static KernelTestOptions options(const StrategyCase &c) {
    KernelTestOptions options = c.options(c.conv.in * tapsOf(c.conv));
    options.target = "sm_90a";
    return options;
  }
  static ConvCase conv(const StrategyCase &c) { return c.of("wgmma"); }
};

TEST_P(GpuWgmmaTaps, Forward) {
  EXPECT_EQ(checkKernels(convText(conv(GetParam())), options(GetParam())), "");
}

// Filters lie along the depth, or across it, for both roles.
TEST_P(GpuWgmmaTaps, TransposedFilter) {
  ConvCase c = conv(GetParam());
  c.transposeFilter = true;
  c.epilogue = true;
  EXPECT_EQ(checkKernels(convText(c), options(GetParam())), "");
}

TEST_P(GpuWgmmaTaps, InputGradient) {
  for (bool transpose : {false, true}) {
    ConvCase c = conv(GetParam());
    std::swap(c.in, c.out);
    c.transposeFilter = transpose;
    EXPECT_EQ(checkKernels(inputGradText(c), options(GetParam())), "");
  }
}

// One and two products of 64 rows of a warpgroup, a warpgroup for half of the
// columns; planes of one and of several products; rows of 8 and 16 pixels;
// strides along the width and phases of their gradients; boxes and channels
// that are cut; rows that no box has; clusters, of which some blocks have no
// steps or only columns beyond the channels; tiles of several samples, also of
// more than there are, and boxes of more pixels than they have.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuWgmmaTaps,
    testing::Values(
        StrategyCase{
            {{18, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 40},
            "bf16",
            "tile = [128, 32, 32], box = [1, 16, 8], stages = 2, taps = 3"},
        StrategyCase{
            {{19, 18}, {3, 3}, {1, 1}, {2, 1}, {0, 1}, 24, 24},
            "f16",
            "tile = [256, 32, 16], box = [1, 16, 16], stages = 4, taps = "
            "3"},
        StrategyCase{
            {{9, 19}, {2, 3}, {1, 2}, {1, 1}, {0, 1}, 72, 40},
            "bf16",
            "tile = [64, 64, 64], box = [1, 8, 8], stages = 3, taps = 2"},
        StrategyCase{
            {{5, 9, 9}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 24},
            "bf16",
            "tile = [256, 16, 32], box = [4, 8, 8], stages = 2, taps = 3"},
        StrategyCase{
            {{3, 6, 17}, {1, 3, 3}, {1, 1, 1}, {0, 0, 1}, {0, 1, 1}, 16, 72},
            "f16",
            "tile = [128, 128, 16], box = [2, 4, 16], stages = 2, taps = 3"},
        StrategyCase{{{12, 10}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 24},
                     "bf16",
                     "tile = [128, 32, 32], box = [1, 12, 10], stages = 3"},
        StrategyCase{{{19, 23}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 16, 40},
                     "f16",
                     "tile = [64, 64, 16], box = [1, 5, 11], stages = 2"},
        StrategyCase{
            {{20, 21}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24},
            "bf16",
            "tile = [256, 32, 16], box = [1, 10, 24], stages = 3, taps = "
            "3"},
        StrategyCase{
            {{4, 9, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 24},
            "bf16",
            "tile = [128, 32, 16], box = [2, 9, 7], stages = 2"},
        StrategyCase{
            {{4, 9, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 24},
            "bf16",
            "tile = [64, 64, 16], box = [1, 9, 7], stages = 2, cluster = 8"},
        StrategyCase{
            {{9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, 40},
            "f16",
            "tile = [64, 32, 32], box = [1, 8, 8], stages = 3, taps = 3, "
            "cluster = 4"},
        StrategyCase{
            {{19, 11}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 24, 40},
            "bf16",
            "tile = [128, 32, 16], box = [1, 5, 11], stages = 2, cluster "
            "= 2"},
        StrategyCase{
            {{6, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 40},
            "bf16",
            "tile = [64, 32, 32], box = [1, 6, 5], stages = 3, samples = 2"},
        StrategyCase{
            {{8, 12}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 24, 40},
            "f16",
            "tile = [128, 32, 16], box = [1, 4, 6], stages = 2, samples = 2, "
            "cluster = 2"},
        StrategyCase{
            {{2, 3, 4}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 72},
            "bf16",
            "tile = [256, 64, 16], box = [2, 4, 4], stages = 4, samples = 8"},
        StrategyCase{
            {{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, 24},
            "bf16",
            "tile = [128, 32, 32], box = [1, 8, 8], stages = 2, taps = 3, "
            "samples = 2"}));

// Statistics of tiles whose columns the blocks of a cluster finish, and of
// tiles of several samples.
TEST(GpuWgmmaTapsKernels, Statistics) {
  std::string x = "tensor<$Nx5x4x6x32xf32>", w = "tensor<3x3x3x32x40xf32>",
              y = "tensor<$Nx5x4x6x40xf32>", t = "tensor<$Nx40xf32>";
  for (const char *parameters :
       {"tile = [64, 64, 32], box = [2, 4, 6], cluster = 2",
        "tile = [64, 64, 32], box = [2, 4, 6], cluster = 4",
        "tile = [256, 32, 32], box = [5, 4, 6], samples = 2",
        "tile = [256, 64, 32], box = [5, 4, 6], samples = 2, cluster = 2"}) {
    KernelTestOptions options = optionsFor(32 * 27);
    options.target = "sm_90a";
    options.narrow = "bf16";
    options.narrowResults = false;
    std::string strategy =
        std::string("#seg.strategy<wgmma, stages = 3, multiply_type = bf16, "
                    "sums_bytes = 65536, ") +
        parameters + ">";
    options.choose = [=](segc::seg::FusionOp fusion) {
      fusion.setStrategyAttr(llvm::cast<segc::seg::StrategyAttr>(
          mlir::parseAttribute(strategy, fusion->getContext())));
    };
    EXPECT_EQ(checkKernels(
                  fusionFunction(
                      {x, w}, {y, t, t},
                      "%r0 = seg.conv %a0, %a1 strides [1, 1, 1] pad_low [1, "
                      "1, 1] pad_high [1, 1, 1] : (" +
                          x + ", " + w + ") -> " + y +
                          "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon "
                          "1.0e-2 : (" +
                          y + ") -> (" + t + ", " + t + ")"),
                  options),
              "");
  }
}

TEST(GpuWgmmaTapsKernels, WrongStrategy) {
  const ConvCase shape{{17, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24};
  const StrategyErrors expectError =
      StrategyErrors{"wgmma, multiply_type = bf16, stages = 2, ", shape}
          .on("sm_90a")
          .storedAs("bf16");
  const std::string error = "expects taps to be those along the height",
                    good = "tile = [128, 32, 16], box = [1, 16, 8], taps = 3";
  expectError("tile = [128, 32, 16], box = [1, 16, 8], taps = 2", error);
  expectError("tile = [128, 32, 16], box = [1, 32, 4], taps = 3", error);
  expectError("tile = [128, 32, 16], box = [4, 4, 8], taps = 3", error,
              {{4, 7, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 16, 24});
  ConvCase other = shape;
  other.strides = {2, 1};
  expectError(good, error, other);
  other = shape;
  other.dilations = {2, 1};
  expectError(good, error, other);
  for (const char *cluster : {"3", "16", "8"})
    expectError(std::string("tile = [128, 32, 16], box = [1, 8, 16], cluster "
                            "= ") +
                    cluster,
                std::string("expects clusters of 1, 2, 4 or 8 blocks, of a "
                            "convolution with 8 columns of the tile each, "
                            "got ") +
                    cluster);
  for (const char *parameters :
       {"tile = [128, 32, 16], box = [1, 8, 8], samples = 2",
        "tile = [256, 32, 16], box = [1, 17, 9], samples = 2"})
    expectError(parameters, "expects samples with a box that has all pixels");
  expectError("tile = [256, 256, 16], box = [1, 16, 16]",
              "expects a thread to have at most 128 sums, got 256");
}

} // namespace
