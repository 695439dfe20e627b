//===- GpuConvKernelsTest.cpp - Convolutions of the GPU -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The convolution family of the GPU against the reference evaluation, in the
// emulator, in all its orders of threads and blocks.

#include "GpuConvCase.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

class GpuConv : public testing::TestWithParam<ConvCase> {
protected:
  static KernelTestOptions options(const ConvCase &c) {
    return optionsFor(c.in * tapsOf(c));
  }
  /// A normalisation of the input, a leaky ReLU, the convolution with bias, and
  /// statistics of its result.
  static std::string fused(const ConvCase &c, const std::string &kind,
                           const std::string &groups = "") {
    ConvTypes types = convTypes(c);
    std::string x = types.large, y = types.small, g = vectorOf(c.in),
                s = perSample(c.in), b = vectorOf(c.out),
                t = kind == "batch" ? b : perSample(c.out);
    return fusionFunction(
        {x, s, s, g, g, types.filter, b}, {y, t, t},
        "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + x + ", " + s +
            ", " + s + ", " + g + ", " + g + ") -> " + x +
            "\n%l = seg.leaky_relu %n slope 0.01 : " + x +
            "\n%r0 = seg.conv %l, %a5 bias %a6 " + convAttributes(c) + " : (" +
            x + ", " + types.filter + ", " + b + ") -> " + y +
            "\n%r1, %r2 = seg.norm_stats " + kind + " %r0" + groups +
            " epsilon 1.0e-2 : (" + y + ") -> (" + t + ", " + t + ")");
  }
};

TEST_P(GpuConv, PrologueBiasAndStatistics) {
  EXPECT_EQ(checkKernels(fused(GetParam(), "instance"), options(GetParam())),
            "");
}

TEST_P(GpuConv, StatisticsOfTheBatch) {
  EXPECT_EQ(checkKernels(fused(GetParam(), "batch"), options(GetParam())), "");
}

// Groups of one channel and one group of all channels are valid for any number
// of channels.
TEST_P(GpuConv, StatisticsOfGroups) {
  for (int64_t groups : {GetParam().out, int64_t(1)})
    EXPECT_EQ(checkKernels(fused(GetParam(), "group",
                                 " groups " + std::to_string(groups)),
                           options(GetParam())),
              "");
}

// Another reduction with the same tiles and merges.
TEST_P(GpuConv, ChannelSums) {
  ConvTypes types = convTypes(GetParam());
  std::string y = types.small, b = vectorOf(GetParam().out);
  EXPECT_EQ(checkKernels(
                fusionFunction(
                    {types.large, types.filter}, {y, b},
                    "%r0 = seg.conv %a0, %a1 " + convAttributes(GetParam()) +
                        " : (" + types.large + ", " + types.filter + ") -> " +
                        y + "\n%r1 = seg.channel_sum %r0 : " + y + " -> " + b),
                options(GetParam())),
            "");
}

// Statistics of the epilogue's result, with a filter [taps, out, in].
TEST_P(GpuConv, StatisticsOfTheEpilogue) {
  ConvCase c = GetParam();
  c.transposeFilter = true;
  ConvTypes types = convTypes(c);
  std::string x = types.large, y = types.small, t = perSample(c.out);
  EXPECT_EQ(
      checkKernels(
          fusionFunction({x, types.filter, y}, {y, t, t},
                         "%c = seg.conv %a0, %a1 " + convAttributes(c) +
                             " : (" + x + ", " + types.filter + ") -> " + y +
                             "\n%s = seg.add %c, %a2 : (" + y + ", " + y +
                             ") -> " + y + "\n%r0 = seg.relu %s : " + y +
                             "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon "
                             "1.0e-2 : (" +
                             y + ") -> (" + t + ", " + t + ")"),
          options(c)),
      "");
}

// The sums that the gradient of a normalisation needs of an input gradient.
TEST_P(GpuConv, GradientSums) {
  const ConvCase &c = GetParam();
  ConvTypes types = convTypes(c);
  for (size_t d = 0; d < c.large.size(); ++d)
    if (c.large[d] % c.strides[d] != 0)
      return; // Phases of different sizes take no reductions.
  std::string x = types.large, b = vectorOf(c.in), t = perSample(c.in);
  KernelTestOptions options = optionsFor(c.out * tapsOf(c) + pixelsOf(c));
  EXPECT_EQ(
      checkKernels(
          fusionFunction(
              {types.small, types.filter, x, b, t, t}, {x, t, t, b, b},
              "%r0 = seg.conv_input_grad %a0, %a1 " + convAttributes(c) +
                  " : (" + types.small + ", " + types.filter + ") -> " + x +
                  "\n%r1, %r2, %r3, %r4 = seg.norm_grad_stats instance "
                  "%a2, %r0, %a3, %a4, %a5 epsilon 1.0e-2 : (" +
                  x + ", " + x + ", " + b + ", " + t + ", " + t + ") -> (" + t +
                  ", " + t + ", " + b + ", " + b + ")"),
          options),
      "");
}

// Partial tiles of pixels and channels, one channel, several tiles of channels,
// strides, asymmetric padding, no padding, 2-D and 3-D.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuConv,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 3},
        ConvCase{{7, 13}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 3, 17},
        ConvCase{{12, 9}, {3, 3}, {2, 2}, {0, 1}, {1, 1}, 17, 32},
        ConvCase{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 32, 40},
        ConvCase{{33, 21}, {5, 3}, {1, 2}, {2, 1}, {2, 0}, 3, 1},
        ConvCase{{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1, 32},
        ConvCase{{4, 5, 3}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 17, 3},
        ConvCase{{6, 5, 7}, {3, 3, 3}, {2, 2, 2}, {1, 0, 1}, {1, 1, 1}, 3, 17},
        ConvCase{{4, 4, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 20, 8},
        ConvCase{
            {3, 9, 8}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 32, 4}));

// A mean far from zero must not cancel: at 100 the precision of f32 is 1e-7 *
// 100.
TEST(GpuConvStatistics, LargeMean) {
  std::string x = activation("13x17x4"), w = "tensor<1x1x4x4xf32>",
              k = vectorOf(4), t = perSample(4);
  KernelTestOptions options = gpuOptions();
  options.inputs[2] = Values(4, 100.0);
  options.tolerance = 1e-4;
  EXPECT_EQ(checkKernels(
                fusionFunction(
                    {x, w, k}, {x, t, t},
                    "%r0 = seg.conv %a0, %a1 bias %a2 strides [1, 1] pad_low "
                    "[0, 0] pad_high [0, 0] : (" +
                        x + ", " + w + ", " + k + ") -> " + x +
                        "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon "
                        "1.0e-3 : (" +
                        x + ") -> (" + t + ", " + t + ")"),
                options),
            "");
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

/// Checks all ops of the family, with options that `change` may set.
void checkRoles(
    const ConvCase &c, const std::function<void(KernelTestOptions &)> &change =
                           [](KernelTestOptions &) {}) {
  auto check = [&](const std::string &text, int64_t products) {
    KernelTestOptions options = optionsFor(products);
    change(options);
    EXPECT_EQ(checkKernels(text, options), "") << text;
  };
  int64_t taps = tapsOf(c);
  check(convText(c), c.in / c.groups * taps);
  check(inputGradText(c), c.out / c.groups * taps);
  check(convTransposeText(c), c.out / c.groups * taps);
  KernelTestOptions options = optionsFor(2 * pixelsOf(c));
  change(options);
  // Filter gradients are never of 16 bits.
  options.narrowResults = false;
  EXPECT_EQ(checkKernels(filterGradText(c), options), "") << filterGradText(c);
}

class GpuConvRoles : public testing::TestWithParam<ConvCase> {};

TEST_P(GpuConvRoles, Alone) { checkRoles(GetParam()); }

// Both layouts of filters, with a bias where there is one, a residual sum and a
// ReLU; one sample.
TEST_P(GpuConvRoles, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  checkRoles(c, [](KernelTestOptions &options) { options.batch = 1; });
}

TEST_P(GpuConvRoles, SixteenBitsInMemory) {
  for (const char *narrow : {"f16", "bf16"})
    checkRoles(GetParam(), [&](KernelTestOptions &options) {
      options.narrow = narrow;
      options.tolerance += options.narrow == "f16" ? 0x1p-11 : 0x1p-8;
    });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuConvRoles,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 3},
        ConvCase{{7, 13}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 20},
        // Phases of different sizes, fewer taps than the stride, asymmetric
        // padding.
        ConvCase{{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 3, 16},
        ConvCase{{10, 11}, {2, 1}, {3, 3}, {1, 0}, {0, 2}, 4, 17},
        ConvCase{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 32, 40},
        ConvCase{{5, 6, 7}, {3, 2, 3}, {1, 2, 2}, {2, 0, 0}, {0, 1, 1}, 8, 5},
        ConvCase{{4, 4, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 20, 8},
        // Depthwise, groups of several channels, dilations with and without
        // strides and groups.
        withGroups({{9, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 6, 6}, 6),
        withGroups(
            {{4, 6, 5}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 1}, 8, 16}, 2),
        withGroups({{13, 11}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 8, 12}, 1,
                   {2, 2}),
        withGroups({{12, 9}, {3, 2}, {2, 3}, {3, 1}, {2, 0}, 6, 4}, 2,
                   {3, 2})));

// Some channels of an input gradient: the filter has nine more.
TEST(GpuConvKernels, PartOfAnInputGradient) {
  for (bool transpose : {false, true}) {
    ConvCase c{{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 16, 17, transpose};
    ConvTypes part = convTypes(c);
    c.in += 9;
    std::string text = inputGradText(c);
    auto replace = [&](const std::string &from, const std::string &to) {
      for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
           at += to.size())
        text.replace(at, from.size(), to);
    };
    replace(convTypes(c).large, part.large);
    replace(convAttributes(c), convAttributes(c) + " first_channel 5");
    EXPECT_EQ(checkKernels(text, optionsFor(17 * 9)), "");
  }
}

// Concatenations that cut vectors and do not, and factors of one channel.
TEST(GpuConvKernels, Prologues) {
  ConvCase c{{7, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 20};
  for (const char *op : {"conv", "conv_filter_grad"})
    for (const Prologue &prologue :
         {concatenated(c.large, {8, 16}), concatenated(c.large, {5, 2, 17}),
          gated(convTypes(c).large)})
      EXPECT_EQ(checkKernels(prologueText(c, prologue, op), optionsFor(24 * 9)),
                "")
          << op;
}

// What the models would choose for other sizes: tiles, sums of a thread, parts
// of the pixels, some of them empty.
TEST(GpuConvKernels, OtherTilings) {
  ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 20};
  for (const char *tiling :
       {"tile = [32, 32, 4], thread_rows = 4, thread_columns = 4",
        "tile = [64, 16, 16], thread_rows = 8, thread_columns = 4",
        "tile = [128, 32, 8], thread_rows = 8, thread_columns = 8",
        "tile = [16, 64, 8], thread_rows = 4, thread_columns = 4"}) {
    c.strategy = std::string("implicit_gemm, ") + tiling;
    EXPECT_EQ(checkKernels(convText(c), optionsFor(12 * 9)), "") << tiling;
    EXPECT_EQ(checkKernels(inputGradText(c), optionsFor(20 * 9)), "") << tiling;
    for (int64_t parts : {1, 2, 7, 200}) {
      int64_t bytes = parts == 1 ? 0 : parts * 9 * 12 * 20 * 4;
      c.strategy = std::string("implicit_gemm, ") + tiling +
                   ", parts = " + std::to_string(parts) +
                   ", temp_bytes = " + std::to_string((bytes + 63) / 64 * 64);
      EXPECT_EQ(checkKernels(filterGradText(c), optionsFor(2 * 63)), "")
          << c.strategy;
    }
  }
}

TEST(GpuConvKernels, WrongStrategy) {
  auto expectError = [](const std::string &strategy, const std::string &error) {
    ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 20};
    c.strategy = "implicit_gemm, " + strategy;
    EXPECT_THAT(checkKernels(c.strategy.find("parts") == std::string::npos
                                 ? convText(c)
                                 : filterGradText(c),
                             gpuOptions()),
                testing::HasSubstr(error));
  };
  expectError("tile = [32, 32, 4], thread_rows = 4",
              "expects 'thread_columns' in a strategy of kind 'implicit_gemm' "
              "to be a number from 1 to 1048576, got none");
  expectError("tile = [48, 32, 4], thread_rows = 4, thread_columns = 4",
              "expects a tile of powers of two, got 48");
  expectError("tile = [32, 32, 4], thread_rows = 2, thread_columns = 4",
              "expects the rows and columns of a thread to be powers of two "
              "from 4 to those of the tile");
  expectError("tile = [64, 64, 4], thread_rows = 16, thread_columns = 16",
              "expects a thread to have at most 128 sums, got 256");
  expectError("tile = [16, 64, 4], thread_rows = 8, thread_columns = 8",
              "expects a block to have a power of two of threads, at least as "
              "many as columns and at most 1024, got 16");
  expectError("tile = [256, 256, 64], thread_rows = 8, thread_columns = 8",
              "expects at most 232448 bytes of shared memory, got 266240");
  expectError("tile = [32, 32, 4], thread_rows = 4, thread_columns = 4, "
              "parts = 2, temp_bytes = 64",
              "expects temp_bytes of at least 17280, got 64");
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

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

// Partial boxes in all dimensions, padding and none, several chunks of
// channels, groups, taps in some dimensions.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuMmaPatches,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 32},
        ConvCase{{7, 19}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 48, 16},
        ConvCase{{12, 9}, {5, 2}, {1, 1}, {2, 1}, {2, 0}, 32, 16},
        ConvCase{{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16},
        ConvCase{
            {3, 9, 10}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 32, 48},
        withGroups({{8, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 64}, 2)));

TEST(GpuMmaKernels, WrongPatches) {
  auto expectError = [](ConvCase c, const std::string &strategy,
                        const std::string &error) {
    c.strategy = "mma_patch, warp_rows = 32, warp_columns = 16, stages = 2, "
                 "multiply_type = bf16, " +
                 strategy;
    EXPECT_THAT(checkKernels(convText(c), gpuOptions()),
                testing::HasSubstr(error));
  };
  ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  expectError(c, "tile = [64, 32, 16], box = [1, 8, 16]",
              "expects a box of as many pixels as the tile has rows, 64, each "
              "size a power of two");
  expectError(c, "tile = [64, 32, 32], box = [1, 4, 16]",
              "expects a depth that divides the channels of a group, 16, got "
              "32");
  c.strides = {2, 2};
  expectError(c, "tile = [64, 32, 16], box = [1, 4, 16]",
              "expects strides and dilations of 1");
  c = {{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16};
  expectError(c, "tile = [64, 32, 16], box = [1, 4, 16]",
              "expects several taps");
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
    for (int64_t parts : partCounts) {
      int64_t bytes = parts > 1 ? parts * 9 * 24 * 72 * 4 : 0;
      c.strategy = "mma_sync, multiply_type = " + type + ", " + tiling;
      if (parts)
        c.strategy += ", parts = " + std::to_string(parts) +
                      ", temp_bytes = " + std::to_string(bytes);
      EXPECT_EQ(checkKernels(parts ? filterGradText(c) : convText(c), options),
                "")
          << c.strategy;
    }
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
  auto expectError = [](const std::string &strategy, const std::string &error) {
    ConvCase c{{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 20};
    c.strategy = "mma_sync, " + strategy;
    EXPECT_THAT(checkKernels(convText(c), gpuOptions()),
                testing::HasSubstr(error));
  };
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

//===----------------------------------------------------------------------===//
// Warpgroups
//===----------------------------------------------------------------------===//

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
    int64_t bytes = parts > 1 ? parts * 9 * 32 * 72 * 4 : 0;
    c.transposeFilter = !c.transposeFilter;
    c.strategy = std::string("wgmma, multiply_type = bf16, ") + tile;
    if (parts)
      c.strategy += ", parts = " + std::to_string(parts) +
                    ", temp_bytes = " + std::to_string(bytes);
    EXPECT_EQ(checkKernels(parts ? filterGradText(c) : convText(c), options),
              "")
        << c.strategy;
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
  auto expectError = [](const std::string &strategy, const std::string &error,
                        const ConvCase &shape =
                            {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24},
                        const char *target = "sm_90a") {
    ConvCase c = shape;
    c.strategy = "wgmma, multiply_type = bf16, " + strategy;
    KernelTestOptions options = gpuOptions();
    options.target = target;
    options.narrow = "bf16";
    EXPECT_THAT(checkKernels(convText(c), options), testing::HasSubstr(error));
  };
  const std::string good = "tile = [128, 32, 16], box = [1, 8, 16], stages = 4";
  expectError(good, "takes a GPU with warpgroups, sm_90a",
              {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24}, "sm_90");
  expectError(good, "takes channels in eights",
              {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 24});
  expectError(good, "takes one group of channels",
              withGroups({{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24}, 2));
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
