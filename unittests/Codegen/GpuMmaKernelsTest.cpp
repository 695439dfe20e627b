//===- GpuMmaKernelsTest.cpp - Convolutions by mma.sync -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kinds mma_sync and mma_patch against the reference evaluation, in the
// emulator, in all its orders of threads and blocks.

#include "GpuConvCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class GpuMmaRoles : public testing::TestWithParam<ConvCase> {};

TEST_P(GpuMmaRoles, Alone) {
  for (const char *narrow : {"f16", "bf16"})
    checkRoles(GetParam(), [&](KernelTestOptions &options) {
      useTensorCores(options, narrow);
    });
}

TEST_P(GpuMmaRoles, Tf32) {
  for (bool exact : {true, false})
    checkRoles(GetParam(),
               [&](KernelTestOptions &options) { useTf32(options, exact); });
}

TEST_P(GpuMmaRoles, EpilogueTf32) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  for (size_t number : {1, 2})
    checkRoles(c, [&](KernelTestOptions &options) {
      useTf32(options, /*exact=*/true, number);
      options.batch = 1;
    });
}

// Both layouts of filters, an epilogue, one sample, other tilings.
TEST_P(GpuMmaRoles, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  for (size_t number : {1, 2})
    checkRoles(c, [&](KernelTestOptions &options) {
      useTensorCores(options, "bf16", number);
      options.batch = 1;
    });
}

// Channels that are copied in pieces of 16, 8 and 4 bytes, and by registers;
// phases, groups, dilations.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuMmaRoles,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24},
        ConvCase{{7, 13}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 20, 36},
        ConvCase{{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 6, 10},
        ConvCase{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 7, 33},
        ConvCase{{4, 4, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 16, 8},
        ConvCase{{4, 5, 3}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 8, 40},
        withGroups({{9, 8}, {3, 3}, {2, 2}, {2, 2}, {2, 2}, 16, 32}, 2,
                   {2, 2})));

// A prologue goes through registers, statistics are of what is stored.
TEST_P(GpuMmaRoles, PrologueAndStatistics) {
  const ConvCase &c = GetParam();
  if (c.groups != 1)
    return;
  KernelTestOptions options = optionsFor(c.in * tapsOf(c));
  useTensorCores(options, "bf16");
  options.narrowResults = false; // Statistics are of f32.
  options.tolerance = 3e-2;      // Of the normalised input, rounded to bf16.
  EXPECT_EQ(checkKernels(normalised(c), options), "");
  options = optionsFor(c.in * tapsOf(c));
  useTf32(options, /*exact=*/false);
  EXPECT_EQ(checkKernels(normalised(c), options), "");
}

// Copies of filters in 16 bits, in both layouts, of odd sizes, forward and
// backward, with reductions behind them. Filters have no more bits than bf16.
TEST_P(GpuMmaRoles, FilterCopies) {
  ConvCase c = GetParam();
  for (size_t d = 0; d < c.large.size(); ++d)
    if (c.large[d] % c.strides[d] != 0)
      return; // Phases of different sizes take no reductions.
  for (bool transpose : {false, true})
    for (bool inputGrad : {false, true})
      for (std::string narrow : {"f16", "bf16"}) {
        c.transposeFilter = transpose;
        KernelTestOptions options = optionsFor(c.in * c.out);
        options.levels = 128;
        options.tolerance += narrow == "f16" ? 0x1p-11 : 0x1p-8;
        bool copied = false;
        options.choose = [&](segc::seg::FusionOp fusion) {
          segc::Target target = targetOf("sm_90");
          segc::StrategyContext context{target};
          context.multiplyTypes = target.version->multiplyTypes;
          context.constantOperand = true;
          for (const auto *model : target.backend->modelsOf(fusion.getRoot()))
            if (model->kind(fusion.getRoot()->getName()) == "mma_sync")
              fusion.setStrategyAttr(
                  model->samples(fusion, context).front().strategy);
          copied = fusion.getStrategyAttr().has("filter_copy");
        };
        EXPECT_EQ(checkKernels(withWideFilter(c, narrow, inputGrad), options),
                  "");
        // Runs of one element are copied where zeros may fill them up: along
        // the channels of the result.
        EXPECT_EQ(copied, (transpose ? c.in : c.out) / c.groups % 2 == 0 ||
                              (c.groups == 1 && transpose == inputGrad));
      }
}

// 1 + 2^-11 lies between two numbers of tf32 and is rounded away from zero, as
// are the values next to it towards the nearest.
TEST(GpuMmaKernels, Tf32RoundsToNearest) {
  ConvCase c{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 4, 8};
  for (auto [value, rounded] : {std::pair(1 + 0x1p-11, 1 + 0x1p-10),
                                {1 + 0x1p-12, 1.0},
                                {-1 - 0x1p-11, -1 - 0x1p-10},
                                {3 - 0x1p-20, 3.0}}) {
    KernelTestOptions options = gpuOptions();
    useTf32(options, /*exact=*/true);
    options.tolerance = 0;
    options.inputs[0] = Values(3 * 5 * 6 * 4, value);
    options.inputs[1] = Values(4 * 8, 1.0);
    EXPECT_EQ(checkKernelsAgainst(convText(c), options,
                                  [&, expected = 4 * rounded](const auto &) {
                                    return std::vector<Values>{
                                        Values(2 * 5 * 6 * 8, expected)};
                                  }),
              "")
        << value;
  }
}

// What a prologue computes is rounded to the nearest of bf16, whose last bit of
// 1 is 2^-7, and to the even of two.
TEST(GpuMmaKernels, PrologueRoundsToBf16) {
  const std::string xh = "tensor<$Nx5x6x16xbf16>", x = "tensor<$Nx5x6x16xf32>",
                    wh = "tensor<1x1x16x8xbf16>", w = "tensor<1x1x16x8xf32>",
                    y = "tensor<$Nx5x6x8xf32>";
  const std::string text = fusionFunction(
      {xh, xh, wh}, {y},
      "%x = seg.cast %a0 : " + xh + " -> " + x + "\n%z = seg.cast %a1 : " + xh +
          " -> " + x + "\n%w = seg.cast %a2 : " + wh + " -> " + w +
          "\n%s = seg.add %x, %z : (" + x + ", " + x + ") -> " + x +
          "\n%r0 = seg.conv %s, %w strides [1, 1] pad_low [0, 0] pad_high [0, "
          "0] : (" +
          x + ", " + w + ") -> " + y);
  struct Sum {
    double first, second, rounded;
  };
  constexpr double bit = 0x1p-7;
  for (auto [first, second, rounded] :
       {Sum{1, bit / 2, 1}, Sum{1, 3 * bit / 2, 1 + 2 * bit},
        Sum{1, bit / 2 + 0x1p-14, 1 + bit}, Sum{-1, -bit / 2, -1},
        Sum{-1, -3 * bit / 2, -1 - 2 * bit}, Sum{2 - bit, bit / 2, 2},
        Sum{0x1p-130, 0x1p-133, 0x1p-130 + 0x1p-133}}) {
    KernelTestOptions options = gpuOptions();
    options.choose = sample("sm_90", "mma_sync", 0);
    options.tolerance = 0;
    options.inputs[0] = Values(3 * 5 * 6 * 16, first);
    options.inputs[1] = Values(3 * 5 * 6 * 16, second);
    options.inputs[2] = Values(16 * 8, 1.0);
    EXPECT_EQ(checkKernelsAgainst(text, options,
                                  [&, expected = 16 * rounded](const auto &) {
                                    return std::vector<Values>{
                                        Values(2 * 5 * 6 * 8, expected)};
                                  }),
              "")
        << first << " + " << second;
  }
}

//===----------------------------------------------------------------------===//
// Patches
//===----------------------------------------------------------------------===//

/// Factors in f16 or bf16, or in tf32 with no more bits than that.
void usePatches(KernelTestOptions &options, const std::string &type,
                size_t number = 0) {
  if (type == "tf32")
    options.levels = 1024;
  else
    useTensorCores(options, type);
  options.choose = [=](segc::seg::FusionOp fusion) {
    mlir::Operation *root = fusion.getRoot();
    if (type == "tf32")
      root->setAttr(segc::seg::precisionAttrName,
                    mlir::StringAttr::get(root->getContext(), type));
    sample("sm_90", "mma_patch", number)(fusion);
  };
}

class GpuMmaPatches : public testing::TestWithParam<ConvCase> {
protected:
  static void check(const ConvCase &c, const std::string &type, size_t number) {
    int64_t products = std::max(c.in, c.out) * tapsOf(c);
    KernelTestOptions options = optionsFor(products);
    usePatches(options, type, number);
    for (const std::string &text :
         {convText(c), inputGradText(c), convTransposeText(c)})
      EXPECT_EQ(checkKernels(text, options), "") << text;
  }
};

TEST_P(GpuMmaPatches, Alone) {
  for (const char *type : {"f16", "bf16", "tf32"})
    check(GetParam(), type, 0);
}

TEST_P(GpuMmaPatches, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  for (const char *type : {"bf16", "tf32"})
    for (size_t number : {1, 2})
      check(c, type, number);
}

// A prologue is computed once for a position of the patch.
TEST_P(GpuMmaPatches, PrologueAndStatistics) {
  const ConvCase &c = GetParam();
  if (c.groups != 1)
    return;
  for (const char *type : {"bf16", "tf32"}) {
    KernelTestOptions options = optionsFor(c.in * tapsOf(c));
    usePatches(options, type);
    options.levels = 0;
    options.narrowResults = false;
    options.tolerance = 3e-2; // Of the normalised input, rounded.
    EXPECT_EQ(checkKernels(normalised(c), options), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GpuMmaPatches,
                         testing::ValuesIn(patchShapes()));
INSTANTIATE_TEST_SUITE_P(
    Groups, GpuMmaPatches,
    testing::Values(withGroups({{8, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 64},
                               2)));

TEST(GpuMmaKernels, WrongPatches) {
  ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  const StrategyErrors expectError{"mma_patch, warp_rows = 32, warp_columns = "
                                   "16, stages = 2, multiply_type = bf16, ",
                                   c};
  expectError("tile = [64, 32, 16], box = [1, 8, 16]",
              "expects a box of as many pixels as the tile has rows, 64, each "
              "size a power of two",
              c);
  expectError("tile = [64, 32, 32], box = [1, 4, 16]",
              "expects a depth that divides the channels of a group, 16, got "
              "32",
              c);
  c.strides = {2, 2};
  expectError("tile = [64, 32, 16], box = [1, 4, 16]",
              "expects strides and dilations of 1", c);
  c = {{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16};
  expectError("tile = [64, 32, 16], box = [1, 4, 16]", "expects several taps",
              c);
}

// Blocks of 128 and 256 threads, more stages than steps.
void checkTilings(const std::string &type, std::vector<const char *> tilings,
                  std::vector<int64_t> partCounts) {
  ConvCase c{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 72};
  KernelTestOptions options = optionsFor(72 * 9);
  options.narrowResults = false;
  if (type == "tf32")
    options.levels = 1024; // No more bits than tf32.
  else
    options.narrow = type;
  for (const char *tiling : tilings)
    for (int64_t parts : partCounts)
      checkTiling(c, "mma_sync, multiply_type = " + type + ", " + tiling, parts,
                  options);
}

TEST(GpuMmaKernels, OtherTilings) {
  checkTilings(
      "bf16",
      {"tile = [128, 128, 32], warp_rows = 64, warp_columns = 64, stages = 3",
       "tile = [128, 64, 64], warp_rows = 64, warp_columns = 32, stages = 4",
       "tile = [256, 128, 32], warp_rows = 64, warp_columns = 64, stages = 2",
       "tile = [32, 32, 16], warp_rows = 16, warp_columns = 16, stages = 5"},
      {0, 1, 3});
  checkTilings(
      "tf32",
      {"tile = [128, 128, 16], warp_rows = 64, warp_columns = 64, stages = 3",
       "tile = [32, 32, 32], warp_rows = 16, warp_columns = 16, stages = 5"},
      {0, 3});
}

TEST(GpuMmaKernels, WrongStrategy) {
  const StrategyErrors expectError{
      "mma_sync, ", {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 20}};
  expectError("tile = [32, 32, 16], warp_rows = 16, warp_columns = 16, stages "
              "= 2, multiply_type = f32",
              "expects 'multiply_type' in a strategy of kind 'mma_sync' to be");
  expectError("tile = [32, 32, 16], warp_rows = 8, warp_columns = 16, stages = "
              "2, multiply_type = bf16",
              "expects the rows and columns of a warp to be powers of two, at "
              "least 16, got 8");
  expectError("tile = [32, 32, 8], warp_rows = 16, warp_columns = 16, stages = "
              "2, multiply_type = bf16",
              "expects a tile of at least the rows and columns of a warp, and "
              "a depth of at least 16");
  expectError("tile = [32, 32, 16], warp_rows = 16, warp_columns = 16, stages "
              "= 1, multiply_type = bf16",
              "expects at least 2 stages, got 1");
  expectError("tile = [128, 128, 64], warp_rows = 128, warp_columns = 64, "
              "stages = 2, multiply_type = bf16",
              "expects a warp to have at most 4096 sums, got 8192");
  expectError("tile = [256, 128, 64], warp_rows = 64, warp_columns = 64, "
              "stages = 8, multiply_type = bf16",
              "expects at most 232448 bytes of shared memory, got 393216");
}

} // namespace
