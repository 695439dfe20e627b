//===- HalfKernelsTest.cpp - Kernels with 16-bit values in memory ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels load 16-bit memory as f32, compute in f32 and round when they store.

#include "ConvCase.h"
#include "segc/Reference/HostTensor.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

struct HalfCase {
  const char *target, *narrow;
};

void PrintTo(const HalfCase &test, std::ostream *os) {
  *os << test.narrow << " " << test.target;
}

class HalfKernels : public testing::TestWithParam<HalfCase> {
protected:
  /// Checks with results in f32, with the usual tolerance, and in 16 bits,
  /// which may differ by one unit in the last place where f32 sums differ in
  /// order.
  void check(const std::string &text, double tolerance,
             bool mayNarrowResults = true) {
    KernelTestOptions options;
    options.target = GetParam().target;
    options.narrow = GetParam().narrow;
    options.largestBatch = 3;
    options.narrowResults = false;
    options.tolerance = tolerance;
    EXPECT_EQ(checkKernels(text, options), "") << text;
    if (!mayNarrowResults)
      return;
    options.narrowResults = true;
    options.tolerance = options.narrow == "f16" ? 0x1p-10 : 0x1p-7;
    EXPECT_EQ(checkKernels(text, options), "") << text;
  }
  void checkConvs(const ConvCase &c, double tolerance = 1e-4) {
    check(convText(c), tolerance);
    check(inputGradText(c), tolerance);
    check(convTransposeText(c), tolerance);
    // Filter gradients are summed in place, so they are never of 16 bits.
    check(filterGradText(c), tolerance, /*mayNarrowResults=*/false);
  }
  /// Checks one op on activations of these shapes.
  void checkOp(const std::string &op, const std::vector<std::string> &inputs,
               const std::string &result, double tolerance) {
    std::vector<std::string> types;
    std::string signature;
    for (const std::string &input : inputs) {
      types.push_back(activation(input));
      signature += (signature.empty() ? "" : ", ") + types.back();
    }
    check(fusionFunction(types, {activation(result)},
                         "%r0 = seg." + op +
                             (types.size() > 1 ? " : (" + signature + ")"
                                               : " : " + signature) +
                             " -> " + activation(result)),
          tolerance);
  }
};

/// Convolutions of the CPU, which has several kernels for them.
class HalfConvolutions : public HalfKernels {};

TEST_P(HalfConvolutions, Convolutions) {
  checkConvs({{7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3, 17, false, true});
  checkConvs({{6, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, 1});
  checkConvs({{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 3, 16, false, true});
  checkConvs({{4, 5, 7},
              {2, 2, 2},
              {2, 2, 2},
              {0, 0, 0},
              {0, 1, 1},
              17,
              32,
              false,
              true});
}

TEST_P(HalfConvolutions, WithoutPadding) {
  // In f32 these read their input in place.
  checkConvs({{12, 11}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 32, false, true});
  checkConvs({{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 48});
}

TEST_P(HalfConvolutions, Volumes) {
  checkConvs({{8, 8, 8},
              {3, 3, 3},
              {1, 1, 1},
              {1, 1, 1},
              {1, 1, 1},
              32,
              32,
              false,
              true},
             2e-4); // The tolerance is for Winograd tiles of 4.
  checkConvs({{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 2});
}

TEST_P(HalfKernels, PoolingAndShapes) {
  checkOp("max_pool %a0 window [2, 2] strides [2, 2]", {"9x7x3"}, "4x3x3", 0);
  checkOp("max_pool %a0 window [1, 2, 2] strides [1, 2, 2]", {"3x7x8x33"},
          "3x3x4x33", 0);
  checkOp("max_pool_grad %a0, %a1 window [2, 2] strides [2, 3]",
          {"5x9x17", "2x3x17"}, "5x9x17", 0);
  checkOp("avg_pool %a0 window [3, 2] strides [2, 2] pad_low [1, 0] pad_high "
          "[0, 0]",
          {"9x7x3"}, "4x3x3", 1e-6);
  checkOp("avg_pool_grad %a0 window [2, 2] strides [2, 3] pad_low [0, 0] "
          "pad_high [0, 0]",
          {"2x3x17"}, "5x9x17", 1e-6);
  checkOp("concat %a0, %a1", {"5x7x1", "5x7x2"}, "5x7x3", 0);
  checkOp("concat %a0, %a1", {"3x5x7x16", "3x5x7x17"}, "3x5x7x33", 0);
  checkOp("slice_channels %a0 from 3", {"33x31x40"}, "33x31x37", 0);
  checkOp("crop %a0 at [2, 0, 1]", {"5x4x7x17"}, "3x4x5x17", 0);
  checkOp("pad %a0 low [0, 3]", {"7x5x3"}, "7x9x3", 0);
  for (std::string mode : {"nearest", "linear", "cubic"}) {
    checkOp("resize " + mode + " %a0", {"9x6x3"}, "4x11x3", 1e-6);
    checkOp("resize_grad " + mode + " %a0", {"8x5x3x17"}, "4x5x6x17", 1e-6);
  }
}

TEST_P(HalfKernels, Pointwise) {
  for (std::string shape : {"5x7x1", "9x11x3", "3x5x7x16", "5x7x17"}) {
    std::string t = activation(shape),
                c = "tensor<" + shape.substr(shape.rfind('x') + 1) + "xf32>",
                s = "tensor<$Nx" + shape.substr(shape.rfind('x') + 1) + "xf32>",
                pixels = activation(shape.substr(0, shape.rfind('x')) + "x1");
    check(fusionFunction({t, t}, {t, t},
                         "%r0 = seg.add %a0, %a1 : (" + t + ", " + t + ") -> " +
                             t +
                             "\n%r1 = seg.leaky_relu %a1 slope 0.25 : " + t),
          1e-6);
    check(fusionFunction({t, s, s, c, c}, {t},
                         "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + t +
                             ", " + s + ", " + s + ", " + c + ", " + c +
                             ") -> " + t + "\n%r0 = seg.relu %n : " + t),
          1e-5);
    check(fusionFunction({t, pixels}, {t},
                         "%r0 = seg.mul %a0, %a1 : (" + t + ", " + pixels +
                             ") -> " + t),
          1e-6);
  }
}

TEST_P(HalfKernels, Reductions) {
  for (std::string shape : {"5x7x1", "9x11x3", "3x5x7x17", "33x32x32"}) {
    std::string channels = shape.substr(shape.rfind('x') + 1);
    std::string t = activation(shape), c = "tensor<" + channels + "xf32>",
                s = "tensor<$Nx" + channels + "xf32>";
    check(fusionFunction({t}, {c},
                         "%r0 = seg.channel_sum %a0 : " + t + " -> " + c),
          1e-4);
    check(fusionFunction({t}, {s, s},
                         "%r0, %r1 = seg.norm_stats instance %a0 epsilon "
                         "1.0e-3 : (" +
                             t + ") -> (" + s + ", " + s + ")"),
          1e-5);
    check(fusionFunction(
              {t, t, c, s, s}, {s, s, c, c},
              "%r0, %r1, %r2, %r3 = seg.norm_grad_stats instance %a0, %a1, "
              "%a2, %a3, %a4 epsilon 1.0e-3 : (" +
                  t + ", " + t + ", " + c + ", " + s + ", " + s + ") -> (" + s +
                  ", " + s + ", " + c + ", " + c + ")"),
          1e-4);
    check(fusionFunction({t}, {t}, "%r0 = seg.softmax %a0 : " + t), 1e-6);
  }
  // So many channels are gathered and scattered instead of shuffled.
  std::string t = activation("5x7x21");
  check(fusionFunction({t}, {t}, "%r0 = seg.softmax %a0 : " + t), 1e-6);
}

TEST_P(HalfKernels, Losses) {
  std::string t = activation("5x7x3"), labels = "tensor<$Nx5x7xi32>";
  check(fusionFunction({t, labels}, {"tensor<f32>"},
                       "%r0 = seg.cross_entropy %a0, %a1 : (" + t + ", " +
                           labels + ") -> tensor<f32>"),
        1e-5);
  check(fusionFunction({t, labels, "tensor<f32>"}, {t},
                       "%r0 = seg.cross_entropy_grad %a0, %a1, %a2 : (" + t +
                           ", " + labels + ", tensor<f32>) -> " + t),
        1e-5);
}

std::vector<HalfCase> casesOf(std::vector<const char *> targets) {
  std::vector<HalfCase> cases;
  for (const char *target : targets)
    for (const char *narrow : {"f16", "bf16"})
      cases.push_back({target, narrow});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Targets, HalfConvolutions,
                         testing::ValuesIn(casesOf({"x86-64-v4",
                                                    "x86-64-v3"})));
INSTANTIATE_TEST_SUITE_P(Targets, HalfKernels,
                         testing::ValuesIn(casesOf({"x86-64-v4", "x86-64-v3",
                                                    "sm_90"})));

TEST(HalfConversion, RoundsToEvenAndKeepsInfinityAndNaN) {
  // The values are ties, the largest value, overflow, subnormals, infinities
  // and NaN.
  Values values = {1 + 0x1p-11, 1 + 3 * 0x1p-11, 1 + 0x1p-8, 1 + 3 * 0x1p-8,
                   65504,       65519.9,         65520,      -1e30,
                   0x1p-24,     0x1p-25,         3e-5,       -0.0,
                   INFINITY,    -INFINITY,       NAN,        3.3895e38};
  for (const char *target : {"x86-64-v4", "x86-64-v3", "sm_90"})
    for (std::string narrow : {"f16", "bf16"})
      // A vector, a masked vector, and single elements.
      for (int count : {16, 13, 1}) {
        std::string wide = "tensor<" + std::to_string(count) + "xf32>",
                    half =
                        "tensor<" + std::to_string(count) + "x" + narrow + ">";
        KernelTestOptions options;
        options.target = target;
        options.tolerance = 0;
        options.inputs[0] = Values(values.begin(), values.begin() + count);
        auto round = [&](double value) {
          using segc::reference::ElementKind;
          return segc::reference::roundTo(narrow == "f16" ? ElementKind::F16
                                                          : ElementKind::BF16,
                                          static_cast<float>(value));
        };
        auto expect = [&](const std::vector<Values> &inputs) {
          std::vector<Values> results = inputs;
          for (double &value : results[0])
            value = round(value);
          return results;
        };
        std::string text = fusionFunction(
            {wide}, {half}, "%r0 = seg.cast %a0 : " + wide + " -> " + half);
        EXPECT_EQ(checkKernelsAgainst(text, options, expect), "")
            << target << " " << half;
      }
}

} // namespace
