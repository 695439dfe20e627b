//===- TopKKernelsTest.cpp - Kernels of the mean of the largest values ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

class TopKKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.batch = 2;
    options.low = 0;
    options.high = 8;
    return options;
  }
  static std::string meanText(const std::string &x,
                              const std::string &percent) {
    const std::string number = "tensor<f32>";
    return fusionFunction({x}, {number, number, number, number},
                          "%r0, %r1, %r2, %r3 = seg.top_k_mean %a0 percent " +
                              percent + " : (" + x + ") -> (" + number + ", " +
                              number + ", " + number + ", " + number + ")");
  }
  /// Returns mean, threshold and weights of values of 3 samples, of 4 x 6.
  static Values resultsOf(const Values &values, const std::string &percent,
                          KernelTestOptions options) {
    options.batch = options.largestBatch;
    std::string error;
    auto compiled = CompiledFunction::compile(
        meanText(activation("4x6x1"), percent), options, error);
    EXPECT_TRUE(compiled) << error;
    if (!compiled)
      return Values(4);
    Values results;
    for (const Values &result :
         compiled->run({values}, CompiledFunction::Order::Forward, error))
      results.push_back(result.front());
    EXPECT_EQ(error, "");
    return results;
  }
};

// One tile and several; values that differ, and many that are equal.
TEST_P(TopKKernels, Mean) {
  for (const char *spatial : {"5x7x1", "91x93x1", "17x50x60x1"})
    for (const char *percent : {"10.0", "0.001", "33.0", "100.0"})
      for (int64_t levels : {0, 5}) {
        KernelTestOptions options = this->options();
        options.levels = levels;
        EXPECT_EQ(checkKernels(meanText(activation(spatial), percent), options),
                  "")
            << spatial << " " << percent << " " << levels;
      }
}

// The threshold is exact, of all magnitudes: with zeros, and numbers below the
// smallest normal one.
TEST_P(TopKKernels, ThresholdOfAnyMagnitude) {
  Values values;
  for (int i = 0; i < 3 * 24; ++i)
    values.push_back(
        i % 3 ? static_cast<float>(std::ldexp(1 + i % 7, 3 * i - 140)) : 0);
  Values sorted = values;
  std::sort(sorted.rbegin(), sorted.rend());
  for (int k : {1, 7, 40, 48, 49, 71})
    EXPECT_EQ(
        resultsOf(values, std::to_string(100.0 * (k + 0.5) / 72), options())[1],
        sorted[k - 1])
        << k;
}

// An infinity is the largest value, and the mean of what is no number is none.
TEST_P(TopKKernels, ValuesThatAreNotFinite) {
  for (double special : {HUGE_VAL, std::nan("")}) {
    Values values(size_t{3} * 24, 1);
    values[30] = special;
    EXPECT_FALSE(std::isfinite(resultsOf(values, "10.0", options())[0]))
        << special;
  }
}

TEST_P(TopKKernels, Gradient) {
  const std::string x = activation("9x11x1"), number = "tensor<f32>";
  KernelTestOptions options = this->options();
  options.levels = 4; // Of exact values.
  options.inputs = {{1, {4}}, {2, {0.5}}, {3, {0.25}}, {4, {3}}};
  EXPECT_EQ(checkKernels(
                fusionFunction({x, number, number, number, number}, {x},
                               "%r0 = seg.top_k_mean_grad %a0, %a1, %a2, %a3, "
                               "%a4 : (" +
                                   x + ", " + number + ", " + number + ", " +
                                   number + ", " + number + ") -> " + x),
                options),
            "");
}

INSTANTIATE_TEST_SUITE_P(Targets, TopKKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
