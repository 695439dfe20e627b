//===- GpuKernelsTest.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// GPU kernels against the reference evaluation. They run in the emulator, in
// three orders of threads and blocks.

#include "ConvCase.h"

#include <gtest/gtest.h>

using namespace segc::test;

namespace {

KernelTestOptions gpuOptions() {
  KernelTestOptions options;
  options.target = "sm_90";
  options.largestBatch = 3;
  options.batch = 2;
  return options;
}

std::string vectorOf(int64_t channels) {
  return "tensor<" + std::to_string(channels) + "xf32>";
}
std::string perSample(int64_t channels) {
  return "tensor<$Nx" + std::to_string(channels) + "xf32>";
}

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

class GpuPointwise : public testing::TestWithParam<const char *> {};

// norm_apply has operands per sample, per channel and per element; dropout
// needs the element's number, sigmoid an exponential.
TEST_P(GpuPointwise, Chain) {
  std::string shape = GetParam(), t = activation(shape);
  int64_t channels = std::stoll(shape.substr(shape.rfind('x') + 1));
  std::string c = vectorOf(channels), s = perSample(channels);
  std::string text = fusionFunction(
      {t, s, s, c, c, t, "tensor<i64>", "tensor<i64>", "tensor<i64>"}, {t, t},
      "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + t + ", " + s + ", " +
          s + ", " + c + ", " + c + ") -> " + t +
          "\n%l = seg.leaky_relu %n slope 0.01 : " + t +
          "\n%r0 = seg.add %l, %a5 : (" + t + ", " + t + ") -> " + t +
          "\n%g = seg.sigmoid %r0 : " + t +
          "\n%r1 = seg.dropout %g key(%a6, %a7, %a8) rate 0.5 id 7 : (" + t +
          ", tensor<i64>, tensor<i64>, tensor<i64>) -> " + t);
  EXPECT_EQ(checkKernels(text, gpuOptions()), "");
}

// Operands with one value for all channels of a pixel, and with one for all
// elements.
TEST_P(GpuPointwise, PixelsAndScalars) {
  std::string shape = GetParam(), t = activation(shape),
              p = activation(shape.substr(0, shape.rfind('x')) + "x1");
  std::string text = fusionFunction(
      {t, p, "tensor<f32>"}, {t},
      "%m = seg.mul %a0, %a1 : (" + t + ", " + p + ") -> " + t +
          "\n%r0 = seg.mul %m, %a2 : (" + t + ", tensor<f32>) -> " + t);
  EXPECT_EQ(checkKernels(text, gpuOptions()), "");
}

// Channels that are whole vectors, that are not, less than a vector; several
// blocks.
INSTANTIATE_TEST_SUITE_P(Shapes, GpuPointwise,
                         testing::Values("5x7x1", "9x11x3", "1x1x1", "3x5x7x16",
                                         "5x7x17", "2x3x5x32", "23x29x3",
                                         "17x16x8"));

// Flat vectors of a training step have neither batch nor channels.
TEST(GpuPointwiseVectors, UpdateOfARunningMean) {
  std::string c = vectorOf(1027);
  EXPECT_EQ(
      checkKernels(
          fusionFunction({c, c}, {c},
                         "%r0 = seg.running_mean %a0, %a1 momentum 0.9 : (" +
                             c + ", " + c + ") -> " + c),
          gpuOptions()),
      "");
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

class GpuConv : public testing::TestWithParam<ConvCase> {
protected:
  /// Options for sums of the case's number of products of values below 1.
  static KernelTestOptions options(const ConvCase &c) {
    KernelTestOptions options = gpuOptions();
    int64_t products = c.in;
    for (int64_t taps : c.taps)
      products *= taps;
    options.tolerance = 1e-6 * std::max<int64_t>(10, products / 10);
    return options;
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

// The convolution alone, and with a bias, a residual sum and a ReLU.
TEST_P(GpuConv, WithoutStatistics) {
  ConvCase c = GetParam();
  EXPECT_EQ(checkKernels(convText(c), options(c)), "");
  c.epilogue = true;
  EXPECT_EQ(checkKernels(convText(c), options(c)), "");
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
  EXPECT_EQ(
      checkKernels(fusionFunction(
                       {x, w, k}, {t, t},
                       "%c = seg.conv %a0, %a1 bias %a2 strides [1, 1] pad_low "
                       "[0, 0] pad_high [0, 0] : (" +
                           x + ", " + w + ", " + k + ") -> " + x +
                           "\n%r0, %r1 = seg.norm_stats instance %c epsilon "
                           "1.0e-3 : (" +
                           x + ") -> (" + t + ", " + t + ")"),
                   options),
      "");
}

} // namespace
