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
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include <gtest/gtest.h>
#include <map>
#include <set>

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

  /// Options of inputs of which some are clipped.
  static KernelTestOptions clipping(double tolerance) {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.precision = reference::Precision::Storage;
    options.low = -1.25, options.high = 1.25;
    options.tolerance = tolerance;
    return options;
  }
  /// Compares all strategies that are candidates.
  void check(const std::string &text) {
    KernelTestOptions options = clipping(2e-6);
    StrategyContext context{targetOf(options.target)};
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

/// Winograd tiles of a quantized input.
class Int8Tiles : public Int8Kernels {
protected:
  /// Compares the tiles of all sizes. Transforms of inputs
  /// are exact, so what differs is the filter, rounded to 13 bits or so: 2e-4
  /// of the root mean square of the results, which may be larger than a result.
  /// In tiles of 6 transforms are rounded; segc verify compares them exactly.
  void check(const std::string &text,
             const std::map<unsigned, Values> &inputs = {}) {
    KernelTestOptions options = clipping(1e-2);
    options.inputs = inputs;
    StrategyContext context{targetOf(options.target)};
    context.multiplyTypes = {MultiplyType::Fixed};
    std::set<std::vector<int64_t>> sizes;
    size_t chosen = 0, count = 1;
    options.choose = [&](seg::FusionOp fusion) {
      auto candidates = strategyCandidates(fusion, context);
      ASSERT_GT(candidates.size(), chosen) << text;
      EXPECT_EQ(candidates[chosen].getKind(), winogradKind) << text;
      llvm::ArrayRef<int64_t> m = candidates[chosen].getInts(strategyTilesName);
      sizes.insert(m.vec());
      options.tolerance = llvm::is_contained(m, 6) ? 2e-1 : 1e-2;
      fusion.setStrategyAttr(candidates[chosen]);
      count = candidates.size();
    };
    for (; chosen < count; ++chosen)
      EXPECT_EQ(checkKernels(text, options), "") << chosen << "\n" << text;
    EXPECT_GT(sizes.size(), 1U) << text;
  }
};

TEST_P(Int8Tiles, Images) {
  ConvCase c = {{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 48, false, true};
  check(quantizedText(convText(c), "%a", "%b", true));
  c.in = 96, c.out = 3;
  check(quantizedText(convText(c), "%a", "%b", true));
  c.transposeFilter = true;
  check(quantizedText(convText(c), "%a", "%b", true));
}

// Tiles of 6 in both dimensions, some of them cut off.
TEST_P(Int8Tiles, Of6) {
  ConvCase c = {{11, 19}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16, false, true};
  std::string target = GetParam();
  auto [lanes, bytes] = target == "x86-64-v2"   ? std::pair("4", "86016")
                        : target == "x86-64-v3" ? std::pair("8", "77824")
                                                : std::pair("16", "73728");
  c.strategy = "winograd, m = [1, 6, 6], tile = [1, 2, 3], lanes = " +
               std::string(lanes) +
               ", nb = 1, ur = 3, groups = 1, in_place = false, multiply_type "
               "= fixed, temp_bytes = " +
               bytes;
  EXPECT_EQ(checkKernels(quantizedText(convText(c), "%a", "%b", true),
                         clipping(2e-1)),
            "");
}

TEST_P(Int8Tiles, Volumes) {
  ConvCase c = {{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 16};
  check(quantizedText(convText(c), "%a", "%b", true));
  c.in = 48, c.out = 17;
  check(quantizedText(convText(c), "%a", "%b", true));
}

TEST_P(Int8Tiles, Prologues) {
  ConvCase c = {{9, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16};
  std::string large = convTypes(c).large;
  check(quantizedText(
      prologueText(c, {{large}, "%x = seg.relu %a0 : " + large + "\n"}, "conv"),
      "%x", "%a1", true));
}

// Inputs of the largest magnitude, of all signs, beside a filter whose sums are
// as large as they get.
TEST_P(Int8Tiles, Extremes) {
  ConvCase c = {{6, 8, 8}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 128, 16};
  Values inputs(size_t{3} * 6 * 8 * 8 * 128), filter(size_t{27} * 128 * 16);
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t w = i / 128 % 8, h = i / 1024 % 8, d = i / 8192 % 6;
    inputs[i] = ((w / 2 + h / 2 + d / 2) % 2 == 0 ? 127 : -127) * 0.0078125;
  }
  for (size_t i = 0; i < filter.size(); ++i)
    filter[i] = i % 16 == 5 ? 0 : i % 16 == 6 ? -2 : 2;
  check(quantizedText(convText(c), "%a", "%b", true),
        {{0, inputs}, {1, filter}});
}

INSTANTIATE_TEST_SUITE_P(Targets, Int8Tiles,
                         testing::Values("x86-64-v4-vnni", "x86-64-v4",
                                         "x86-64-v2", "x86-64-v3"));

// Other kernels take no quantized input; f32 takes none.
TEST(Int8Strategy, RefusesOtherStrategies) {
  KernelTestOptions options;
  auto refused = [&](const char *strategy, const char *reason) {
    ConvCase c = {{4, 4, 4}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1},
                  {1, 1, 1}, 16,        16};
    c.strategy = strategy;
    EXPECT_NE(
        checkKernels(quantizedText(convText(c), "%a", "%b", true), options)
            .find(reason),
        std::string::npos)
        << strategy;
  };
  refused("winograd, m = [2, 2, 2], tile = [1, 1, 1], lanes = 16, nb = 1, ur = "
          "1, groups = 1, in_place = false, temp_bytes = 64",
          "an input of 8 bits is multiplied in fixed point");
  refused("direct, lanes = 16, nb = 1, block = [1, 1, 4], tile = [4, 4, 4], "
          "groups = 1, share_taps = false, in_place = false, unroll = 1, "
          "temp_bytes = 27648",
          "has a quantized input: expects a strategy of kind winograd");
  refused("winograd, m = [6, 6, 6], tile = [1, 1, 1], lanes = 16, nb = 1, ur = "
          "1, groups = 1, in_place = false, multiply_type = fixed, temp_bytes "
          "= 64",
          "expects Winograd tiles of 2 or 4 where the filter has 3 taps");
}

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
