//===- GpuFewChannelsTest.cpp - Kernels of few input channels -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuConvCase.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "gmock/gmock.h"

using namespace segc::test;

namespace {

/// Factors are f32 in memory, or the input or the gradient of the output has 16
/// bits. With `exact` they have no more bits than those, and than tf32.
void useFewChannels(KernelTestOptions &options, bool exact, size_t number = 0) {
  useTf32(options, exact, number, "mma_few_channels", /*levels=*/128);
}

class GpuFewChannels : public testing::TestWithParam<ConvCase> {
protected:
  static void check(const std::string &text, int64_t products, bool exact,
                    size_t number = 0, const std::string &narrow = "",
                    bool narrowResults = false) {
    KernelTestOptions options = optionsFor(products);
    useFewChannels(options, exact, number);
    options.narrow = narrow;
    options.narrowResults = narrowResults;
    if (narrowResults)
      options.tolerance += 0x1p-8;
    EXPECT_EQ(checkKernels(text, options), "") << text;
  }
};

TEST_P(GpuFewChannels, Forward) {
  const ConvCase &c = GetParam();
  for (bool exact : {true, false})
    check(convText(c), c.in * tapsOf(c), exact);
}

// The other layout of filters, a bias, a residual sum and a ReLU, 16 bits in
// memory.
TEST_P(GpuFewChannels, Epilogue) {
  ConvCase c = GetParam();
  c.epilogue = true;
  c.transposeFilter = true;
  for (size_t number : {1, 2})
    check(convText(c), c.in * tapsOf(c), /*exact=*/true, number);
  check(convText(c), c.in * tapsOf(c), /*exact=*/true, 0, "bf16",
        /*narrowResults=*/true);
}

// Of few output channels: what the input gradient of a last layer reads.
TEST_P(GpuFewChannels, InputGradients) {
  ConvCase c = GetParam();
  std::swap(c.in, c.out);
  for (bool transpose : {false, true}) {
    c.transposeFilter = transpose;
    check(inputGradText(c), c.out * tapsOf(c), /*exact=*/true);
    check(convTransposeText(c), c.out * tapsOf(c), /*exact=*/true);
  }
}

TEST_P(GpuFewChannels, PrologueAndStatistics) {
  const ConvCase &c = GetParam();
  if (c.groups != 1)
    return;
  check(normalised(c), c.in * tapsOf(c), /*exact=*/false);
}

// Of an output's gradient in f32 and in 16 bits.
TEST_P(GpuFewChannels, FilterGradients) {
  ConvCase c = GetParam();
  int64_t products = 2 * pixelsOf(c);
  for (bool exact : {true, false})
    check(filterGradText(c), products, exact);
  c.transposeFilter = true;
  for (const char *narrow : {"f16", "bf16"})
    check(filterGradText(c), products, /*exact=*/true, 1, narrow);
}

// One to four channels, partial boxes in all dimensions, padding and none, rows
// of several blocks, groups, one tap.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuFewChannels,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 32},
        ConvCase{{7, 19}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 3, 20},
        ConvCase{{12, 9}, {5, 2}, {1, 1}, {2, 1}, {2, 0}, 2, 17},
        ConvCase{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 3, 40},
        ConvCase{{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 4, 24},
        ConvCase{{6, 5, 9}, {5, 5, 5}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}, 1, 16},
        withGroups({{8, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 4, 32}, 2)));

// Two networks read the image beside its gradient in 16 bits.
TEST(GpuFewChannelsKernels, ImageBesideHalfGradient) {
  const std::string x = "tensor<$Nx9x13x1xf32>", y = "tensor<$Nx9x13x32xf32>",
                    w = "tensor<3x3x1x32xf32>";
  for (std::string narrow : {"f16", "bf16"}) {
    std::string h = "tensor<$Nx9x13x32x" + narrow + ">";
    KernelTestOptions options = optionsFor(2 * 9 * 13);
    useFewChannels(options, /*exact=*/true);
    EXPECT_EQ(checkKernels(
                  fusionFunction(
                      {x, h}, {w},
                      "%y = seg.cast %a1 : " + h + " -> " + y +
                          "\n%r0 = seg.conv_filter_grad %a0, %y strides [1, 1] "
                          "pad_low [1, 1] pad_high [1, 1] : (" +
                          x + ", " + y + ") -> " + w),
                  options),
              "");
  }
}

/// Of a strategy of a convolution of 2 channels by 3x3 taps.
void expectError(const std::string &strategy, const std::string &error,
                 ConvCase c = {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, 16}) {
  c.strategy =
      "mma_few_channels, warp_rows = 32, warp_columns = 16, " + strategy;
  EXPECT_THAT(checkKernels(strategy.find("parts") == std::string::npos
                               ? convText(c)
                               : filterGradText(c),
                           gpuOptions()),
              testing::HasSubstr(error));
}

TEST(GpuFewChannelsKernels, WrongStrategy) {
  const std::string good = "multiply_type = tf32, tile = [64, 16, 24], box = "
                           "[1, 8, 8]";
  expectError("multiply_type = bf16, tile = [64, 16, 24], box = [1, 8, 8]",
              "multiplies in tf32");
  expectError("multiply_type = tf32, tile = [64, 16, 16], box = [1, 8, 8]",
              "expects a depth of all taps of all channels in eights, 24, got "
              "16");
  expectError("multiply_type = tf32, tile = [64, 16, 24], box = [1, 32, 2]",
              "expects a box of 64 pixels, each size a power of two, at least "
              "4 wide");
  expectError("multiply_type = tf32, tile = [48, 16, 24], box = [1, 12, 4]",
              "expects a box of 48 pixels");
  expectError(good, "expects at most 4 input channels of a group, got 5",
              {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 5, 16});
  expectError(good, "expects strides and dilations of 1",
              {{7, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 2, 16});
  expectError(good, "expects at most 256 taps of channels, got 324",
              {{19, 19}, {9, 9}, {1, 1}, {4, 4}, {4, 4}, 4, 16});
  expectError("multiply_type = tf32, tile = [32, 16, 512], box = [1, 16, 32], "
              "stages = 2, parts = 1",
              "expects a box of at most 256 pixels, got 512");
  expectError("multiply_type = tf32, tile = [32, 16, 64], box = [1, 8, 8], "
              "stages = 1, parts = 1",
              "expects at least 2 stages, got 1");
}

} // namespace
