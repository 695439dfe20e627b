//===- ShapeKernelsTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class ShapeKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.batch = 2;
    return options;
  }
  void check(const std::string &op, const std::vector<std::string> &inputs,
             const std::string &result, double tolerance = 0) {
    KernelTestOptions options = this->options();
    options.tolerance = tolerance;
    std::vector<std::string> types;
    for (const std::string &input : inputs)
      types.push_back(activation(input));
    std::string signature = " : ";
    signature +=
        types.size() > 1 ? "(" + types[0] + ", " + types[1] + ")" : types[0];
    EXPECT_EQ(checkKernels(fusionFunction(types, {activation(result)},
                                          "%r0 = seg." + op + signature +
                                              " -> " + activation(result)),
                           options),
              "")
        << op << signature;
  }
};

TEST_P(ShapeKernels, Concat) {
  check("concat %a0, %a1", {"5x7x1", "5x7x2"}, "5x7x3");
  check("concat %a0, %a1", {"3x5x7x16", "3x5x7x17"}, "3x5x7x33");
  check("concat %a0, %a1", {"33x32x48", "33x32x16"}, "33x32x64");
}

TEST_P(ShapeKernels, SliceChannels) {
  check("slice_channels %a0 from 1", {"5x7x3"}, "5x7x2");
  check("slice_channels %a0 from 3", {"33x31x40"}, "33x31x37");
  check("slice_channels %a0 from 16", {"3x5x7x48"}, "3x5x7x16");
}

TEST_P(ShapeKernels, Crop) {
  check("crop %a0 at [1, 2]", {"7x9x1"}, "5x6x1");
  check("crop %a0 at [0, 3]", {"7x9x3"}, "7x5x3");
  check("crop %a0 at [2, 0, 1]", {"5x4x7x17"}, "3x4x5x17");
  check("crop %a0 at [4, 4]", {"64x64x16"}, "56x56x16");
}

TEST_P(ShapeKernels, Pad) {
  check("pad %a0 low [1, 2]", {"5x6x1"}, "7x9x1");
  check("pad %a0 low [0, 3]", {"7x5x3"}, "7x9x3");
  check("pad %a0 low [2, 0, 1]", {"3x4x5x17"}, "5x4x7x17");
  check("pad %a0 low [4, 4]", {"56x56x16"}, "64x64x16");
}

TEST_P(ShapeKernels, Resize) {
  for (std::string mode : {"nearest", "linear", "cubic"}) {
    check("resize " + mode + " %a0", {"5x7x1"}, "10x14x1", 1e-6);
    check("resize " + mode + " %a0", {"9x6x3"}, "4x11x3", 1e-6);
    check("resize " + mode + " %a0", {"4x5x6x17"}, "8x5x3x17", 1e-6);
    check("resize " + mode + " %a0", {"16x16x16"}, "37x33x16", 1e-6);
  }
}

TEST_P(ShapeKernels, ResizeGrad) {
  for (std::string mode : {"nearest", "linear", "cubic"}) {
    check("resize_grad " + mode + " %a0", {"10x14x1"}, "5x7x1", 1e-6);
    check("resize_grad " + mode + " %a0", {"4x11x3"}, "9x6x3", 1e-6);
    check("resize_grad " + mode + " %a0", {"8x5x3x17"}, "4x5x6x17", 1e-6);
    check("resize_grad " + mode + " %a0", {"37x33x16"}, "16x16x16", 1e-6);
  }
}

TEST_P(ShapeKernels, DownsampleLabels) {
  KernelTestOptions options = this->options();
  options.classes = 1000;
  for (auto [from, to] : {std::pair("12x14", "6x7"),
                          {"9x8x20", "3x8x5"},
                          {"256x200", "128x100"},
                          {"64", "1"}}) {
    const std::string input = "tensor<$Nx" + std::string(from) + "xi32>",
                      result = "tensor<$Nx" + std::string(to) + "xi32>";
    EXPECT_EQ(checkKernels(fusionFunction({input}, {result},
                                          "%r0 = seg.downsample_labels %a0 : " +
                                              input + " -> " + result),
                           options),
              "")
        << from << " to " << to;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ShapeKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
