//===- OptimizerKernelsTest.cpp -------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class OptimizerKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam();
    return options;
  }

  /// Of several tasks. Blocks of a GPU are smaller, and emulation is slow.
  static int64_t largestSize() {
    return GetParam() == std::string("sm_90") ? 9005 : 40005;
  }

  /// Checks an op whose `operands` are "v" (flat), "s" (f32) or "i" (i64) in
  /// order. Its results replace the given operands.
  void check(const std::string &op, const std::string &attributes,
             const std::string &operands, const std::vector<unsigned> &replaced,
             KernelTestOptions options) {
    for (int64_t size :
         {int64_t(1), int64_t(13), int64_t(1000), largestSize()}) {
      std::string flat = "tensor<" + std::to_string(size) + "xf32>";
      std::vector<std::string> types, results(replaced.size(), flat);
      std::string body, names, signature;
      for (size_t i = 0; i < operands.size(); ++i) {
        types.push_back(operands[i] == 'v'   ? flat
                        : operands[i] == 's' ? "tensor<f32>"
                                             : "tensor<i64>");
        names += (i ? ", %a" : "%a") + std::to_string(i);
        signature += (i ? ", " : "") + types.back();
      }
      for (size_t i = 0; i < replaced.size(); ++i)
        body += (i ? ", %r" : "%r") + std::to_string(i);
      body += " = seg." + op + " " + names + " {" + attributes;
      // Some elements have weight decay and others do not; the border is within
      // a vector.
      if (op != "lookahead")
        body += "decay_elements = " + std::to_string(size * 2 / 3);
      body += "} : (" + signature + ") -> (";
      for (size_t i = 0; i < replaced.size(); ++i)
        body += (i ? ", " : "") + flat;
      body += ")";
      std::string text = fusionFunction(types, results, body);
      EXPECT_EQ(checkKernels(text, options), "") << body;
      KernelTestOptions inPlace = options;
      for (size_t i = 0; i < replaced.size(); ++i)
        inPlace.inPlace[i] = replaced[i];
      EXPECT_EQ(checkKernels(text, inPlace), "") << "in place: " << body;
    }
  }
};

/// Returns second moments, which are not negative.
std::vector<double> positive() {
  std::vector<double> values(40005);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(0.01 + 0.001 * (i % 997));
  return values;
}

TEST_P(OptimizerKernels, Adam) {
  for (const char *variant : {"", "rectified, ", "decoupled, "})
    for (double step : {1.0, 2.0, 7.0, 1000.0})
      for (double finite : {1.0, 0.0}) {
        KernelTestOptions options = this->options();
        options.inputs = {{3, positive()}, {4, {finite}}, {5, {0.01}},
                          {6, {0.1}},      {7, {128}},    {8, {step}}};
        check("adam",
              std::string(variant) +
                  "beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-7, ",
              "vvvvssssi", {0, 2, 3}, options);
      }
}

TEST_P(OptimizerKernels, Rmsprop) {
  for (double finite : {1.0, 0.0}) {
    KernelTestOptions options = this->options();
    // The mean of squares must be at least the square of the mean.
    std::vector<double> square = positive(), mean(square.size());
    for (size_t i = 0; i < mean.size(); ++i)
      mean[i] = static_cast<float>(0.5 * std::sqrt(square[i]));
    options.inputs = {{2, square}, {3, mean},  {5, {finite}}, {6, {0.01}},
                      {7, {0.9}},  {8, {0.1}}, {9, {8}}};
    check("rmsprop", "decay = 0.9, epsilon = 1.0e-3, ", "vvvvvsssss",
          {0, 2, 3, 4}, options);
  }
}

TEST_P(OptimizerKernels, Sgd) {
  for (const char *nesterov : {"", "nesterov, "})
    for (double finite : {1.0, 0.0}) {
      KernelTestOptions options = this->options();
      options.inputs = {
          {3, {finite}}, {4, {0.01}}, {5, {0.9}}, {6, {0.1}}, {7, {4}}};
      check("sgd", nesterov, "vvvsssss", {0, 2}, options);
    }
}

TEST_P(OptimizerKernels, Lookahead) {
  for (double step : {1.0, 4.0, 6.0})
    for (double finite : {1.0, 0.0}) {
      KernelTestOptions options = this->options();
      options.inputs = {{3, {finite}}, {4, {step}}};
      check("lookahead", "sync = 6 : i64, alpha = 0.5", "vvvsi", {1, 2},
            options);
    }
}

TEST_P(OptimizerKernels, AllFinite) {
  for (size_t size : {size_t(1), size_t(13), size_t(largestSize())}) {
    std::string flat = "tensor<" + std::to_string(size) + "xf32>";
    std::string text = fusionFunction({flat}, {"tensor<f32>"},
                                      "%r0 = seg.all_finite %a0 : " + flat +
                                          " -> tensor<f32>");
    EXPECT_EQ(checkKernels(text, options()), "");
    for (double bad : {std::nan(""), static_cast<double>(INFINITY),
                       -static_cast<double>(INFINITY)})
      for (size_t at : {size_t(0), size / 2, size - 1}) {
        KernelTestOptions options = this->options();
        Values values(size, 3e38);
        values[at] = bad;
        options.inputs = {{0, values}};
        EXPECT_EQ(checkKernels(text, options), "")
            << bad << " at " << at << " of " << size;
      }
  }
}

// The square of a value above the root of the largest f32 is infinite.
TEST_P(OptimizerKernels, ClipScale) {
  for (size_t size : {size_t(1), size_t(13), size_t(largestSize())})
    for (const char *norm : {"0.125", "1.0e+6"}) {
      const std::string flat = "tensor<" + std::to_string(size) + "xf32>";
      KernelTestOptions options = this->options();
      options.inputs = {{1, {8}}};
      EXPECT_EQ(checkKernels(
                    fusionFunction({flat, "tensor<f32>"}, {"tensor<f32>"},
                                   std::string("%r0 = seg.clip_scale %a0, %a1 "
                                               "max_norm ") +
                                       norm + " : (" + flat +
                                       ", tensor<f32>) -> tensor<f32>"),
                    options),
                "")
          << norm << " of " << size;
    }
}

TEST_P(OptimizerKernels, AllFiniteSquares) {
  const std::string flat = "tensor<13xf32>";
  std::string text = fusionFunction(
      {flat}, {"tensor<f32>"},
      "%r0 = seg.all_finite %a0 {squares} : " + flat + " -> tensor<f32>");
  for (double largest : {1.8e19, 1.9e19, -1.9e19, 3e38}) {
    KernelTestOptions options = this->options();
    Values values(13, 1);
    values[7] = largest;
    options.inputs = {{0, values}};
    EXPECT_EQ(checkKernels(text, options), "") << largest;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, OptimizerKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
