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
  std::string text = fusionFunction(
      {x, types.filter, y}, {y, t, t},
      "%c = seg.conv %a0, %a1 " + convAttributes(c) + " : (" + x + ", " +
          types.filter + ") -> " + y + "\n%s = seg.add %c, %a2 : (" + y + ", " +
          y + ") -> " + y + "\n%r0 = seg.relu %s : " + y +
          "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-2 : (" + y +
          ") -> (" + t + ", " + t + ")");
  KernelTestOptions own = options(c);
  EXPECT_EQ(checkKernels(text, own), "");
  // All threads read the tile's first pixel before one of them stores it.
  own.inPlace = {{0, 2}};
  EXPECT_EQ(checkKernels(text, own), "");
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
  const StrategyErrors expectError{
      "implicit_gemm, ", {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, 20}};
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
  expectError.of(filterGradText)(
      "tile = [32, 32, 4], thread_rows = 4, thread_columns = 4, "
      "parts = 2, temp_bytes = 64",
      "expects temp_bytes of at least 17280, got 64");
}

} // namespace
