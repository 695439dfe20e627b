//===- Int8KernelsTest.cpp - Products of 8-bit integers -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sums of products of integers are exact, so kernels differ from the reference
// by the roundings of the scales alone. The scale of inputs is a power of two,
// by which the division is exact: no input lies on the other side of a half.

#include "ConvCase.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include <gtest/gtest.h>

using namespace segc;
using namespace segc::test;

namespace {

class Int8Kernels : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    Target target = targetOf(GetParam());
    std::string missing = target.backend->missingFeature(*target.version);
    if (!missing.empty())
      GTEST_SKIP() << missing;
  }

  /// Compares all strategies that are candidates.
  void check(const std::string &text) {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.precision = reference::Precision::Storage;
    // Some inputs are clipped.
    options.low = -1.25, options.high = 1.25;
    options.tolerance = 2e-6;
    StrategyContext context{targetOf(options.target)};
    std::vector<seg::StrategyAttr> strategies;
    size_t chosen = 0, count = 1;
    options.choose = [&](seg::FusionOp fusion) {
      auto candidates = strategyCandidates(fusion, context);
      ASSERT_GT(candidates.size(), chosen) << text;
      EXPECT_EQ(candidates[chosen].getKind(), int8Kind) << text;
      fusion.setStrategyAttr(candidates[chosen]);
      count = candidates.size();
    };
    for (; chosen < count; ++chosen)
      EXPECT_EQ(checkKernels(text, options), "") << chosen << "\n" << text;
  }
  void checkConvs(const ConvCase &c) {
    check(quantizedText(convText(c), "%a", "%b"));
    check(quantizedText(convTransposeText(c), "%a", "%b"));
  }
};

TEST_P(Int8Kernels, Images) {
  checkConvs({{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 48, false, true});
  checkConvs({{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 32, 16, false, true});
  checkConvs({{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 64, 16});
  checkConvs({{6, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 16, 32});
}

TEST_P(Int8Kernels, Volumes) {
  checkConvs({{5, 6, 7}, {5, 5, 5}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}, 16, 16});
  checkConvs({{4, 7, 5}, {3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {1, 1, 1}, 32, 16});
}

// Vectors of output channels are masked, or narrower.
TEST_P(Int8Kernels, OddOutputs) {
  for (int64_t out : {1, 3, 17, 70})
    check(quantizedText(
        convText({{5, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, out}), "%a",
        "%b"));
}

// What a prologue computes is quantized as it is packed.
TEST_P(Int8Kernels, Prologues) {
  ConvCase c = {{9, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16};
  std::string large = convTypes(c).large;
  check(quantizedText(
      prologueText(c, {{large}, "%x = seg.relu %a0 : " + large + "\n"}, "conv"),
      "%x", "%a1"));
  check(quantizedText(prologueText(c, concatenated(c.large, {20, 12}), "conv"),
                      "%x", "%a2"));
}

// A filter of zeros in one channel, and the largest sums that there may be.
TEST_P(Int8Kernels, Extremes) {
  ConvCase c = {{3, 3, 4}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 64, 16};
  KernelTestOptions options;
  options.target = GetParam();
  options.precision = reference::Precision::Storage;
  options.tolerance = 2e-6;
  Values inputs(size_t{2} * 3 * 3 * 4 * 64, 127 * 0.0078125),
      filter(size_t{27} * 64 * 16);
  for (size_t i = 0; i < filter.size(); ++i)
    filter[i] = i % 16 == 5 ? 0 : i % 16 == 6 ? -2 : 2;
  options.inputs = {{0, inputs}, {1, filter}};
  EXPECT_EQ(checkKernels(quantizedText(convText(c), "%a", "%b"), options), "");
}

INSTANTIATE_TEST_SUITE_P(Targets, Int8Kernels,
                         testing::Values("x86-64-v4-vnni", "x86-64-v4",
                                         "x86-64-v2", "x86-64-v3"));

TEST(Int8Strategy, RefusesWhatItCannotSum) {
  KernelTestOptions options;
  ConvCase c = {{3, 3}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  c.strategy = "direct, lanes = 16, nb = 1, block = [1, 1, 3], tile = [1, 3, "
               "3], groups = 1, share_taps = false, in_place = false, unroll = "
               "1, temp_bytes = 9216";
  EXPECT_NE(checkKernels(quantizedText(convText(c), "%a", "%b"), options)
                .find("has quantized factors: expects a strategy of kind int8"),
            std::string::npos);
  ConvCase odd = {{3, 3}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 20, 16};
  EXPECT_NE(checkKernels(quantizedText(convText(odd), "%a", "%b"), options),
            "");
}

} // namespace
