//===- PoolKernelsTest.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class PoolKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.batch = 2;
    // Max pooling copies values, so nothing is rounded. There are few different
    // values, so that maxima tie.
    options.tolerance = 0;
    return options;
  }
};

/// Windows that cover the input, leftover elements, windows with gaps, windows
/// that overlap.
const struct {
  const char *in, *out, *attributes;
} cases[] = {
    {"8x6x1", "4x3x1", "window [2, 2] strides [2, 2]"},
    {"9x7x3", "4x3x3", "window [2, 2] strides [2, 2]"},
    {"8x8x16", "4x4x16", "window [2, 2] strides [2, 2]"},
    {"5x9x17", "2x3x17", "window [2, 2] strides [2, 3]"},
    {"65x66x48", "32x33x48", "window [2, 2] strides [2, 2]"},
    {"4x6x8x2", "2x3x4x2", "window [2, 2, 2] strides [2, 2, 2]"},
    {"3x7x8x33", "3x3x4x33", "window [1, 2, 2] strides [1, 2, 2]"},
    {"40x5", "20x5", "window [2] strides [2]"},
};

TEST_P(PoolKernels, MaxPool) {
  for (const auto &test : cases)
    EXPECT_EQ(
        checkKernels(
            fusionFunction({activation(test.in)}, {activation(test.out)},
                           std::string("%r0 = seg.max_pool %a0 ") +
                               test.attributes + " : " + activation(test.in) +
                               " -> " + activation(test.out)),
            options()),
        "")
        << test.in;
  EXPECT_EQ(checkKernels(
                fusionFunction(
                    {activation("7x7x3")}, {activation("3x3x3")},
                    "%r0 = seg.max_pool %a0 window [3, 3] strides [2, 2] : " +
                        activation("7x7x3") + " -> " + activation("3x3x3")),
                options()),
            "");
}

TEST_P(PoolKernels, MaxPoolGrad) {
  for (const auto &test : cases) {
    std::string text = fusionFunction(
        {activation(test.in), activation(test.out)}, {activation(test.in)},
        std::string("%r0 = seg.max_pool_grad %a0, %a1 ") + test.attributes +
            " : (" + activation(test.in) + ", " + activation(test.out) +
            ") -> " + activation(test.in));
    EXPECT_EQ(checkKernels(text, options()), "") << test.in;
    KernelTestOptions ties = options();
    ties.levels = 2;
    EXPECT_EQ(checkKernels(text, ties), "") << test.in;
  }
}

TEST_P(PoolKernels, AvgPool) {
  KernelTestOptions rounds = options();
  // The tolerance is for sums of up to 64 values, where each addition rounds.
  rounds.tolerance = 1e-6;
  const struct {
    const char *in, *out, *attributes;
  } cases[] = {
      {"8x6x1", "4x3x1",
       "window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0]"},
      {"9x7x17", "4x3x17",
       "window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0]"},
      {"8x6x8x16", "4x3x4x16",
       "window [2, 2, 2] strides [2, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, "
       "0]"},
      {"3x7x8x33", "3x3x4x33",
       "window [1, 2, 2] strides [1, 2, 2] pad_low [0, 0, 0] pad_high [0, 0, "
       "0]"},
      // Windows that overlap, with padding on one side and on both.
      {"65x66x48", "33x33x48",
       "window [3, 3] strides [2, 2] pad_low [1, 1] pad_high [1, 0]"},
      {"6x5x4x3", "6x5x4x3",
       "window [3, 3, 3] strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, "
       "1]"},
      // Gaps between windows, and elements after the last window.
      {"5x9x17", "2x3x17",
       "window [2, 2] strides [2, 3] pad_low [0, 0] pad_high [0, 0]"},
      // Windows of the whole image, and windows with less padding than stride.
      {"8x8x40", "1x1x40",
       "window [8, 8] strides [1, 1] pad_low [0, 0] pad_high [0, 0]"},
      {"7x6x5", "3x3x5",
       "window [2, 2] strides [3, 3] pad_low [1, 1] pad_high [0, 1]"},
      {"40x5", "20x5", "window [3] strides [2] pad_low [1] pad_high [0]"},
  };
  for (const auto &test : cases)
    for (std::string counts : {"", " count_include_pad"}) {
      std::string in = activation(test.in), out = activation(test.out),
                  attributes = test.attributes + counts + " : ";
      EXPECT_EQ(checkKernels(fusionFunction({in}, {out},
                                            "%r0 = seg.avg_pool %a0 " +
                                                attributes + in + " -> " + out),
                             rounds),
                "")
          << test.in << counts;
      EXPECT_EQ(checkKernels(fusionFunction({out}, {in},
                                            "%r0 = seg.avg_pool_grad %a0 " +
                                                attributes + out + " -> " + in),
                             rounds),
                "")
          << test.in << counts;
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, PoolKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
