//===- MultiplyTypeKernelsTest.cpp - Products of 16-bit pairs -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Small integers and their sums in Winograd tiles of 2 are exact in bf16 and
// f16, so that results must be equal to those of f32. In f16, sums of products
// must be exact too, up to 11 bits, which takes smaller integers. The
// transforms of tiles of 4 divide by 15. Their results are compared with a
// tolerance of bf16's precision, which is smaller than the effect of any
// missing or misplaced value.

#include "ConvCase.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc;
using namespace segc::test;

namespace {

struct MultiplyTypeCase {
  const char *target, *narrow;
  MultiplyType multiplyType;
  int64_t largest; ///< The largest integer that is drawn.
};

void PrintTo(const MultiplyTypeCase &test, std::ostream *os) {
  *os << multiplyTypeName(test.multiplyType).str() << " of " << test.narrow
      << " on " << test.target;
}

class MultiplyTypeKernels : public testing::TestWithParam<MultiplyTypeCase> {
protected:
  void SetUp() override {
    Target target = targetOf(GetParam().target);
    std::string missing = target.backend->missingFeature(*target.version);
    if (!missing.empty())
      GTEST_SKIP() << missing;
  }

  /// Compares all strategies that are candidates for the text's root.
  void check(const std::string &text) {
    KernelTestOptions options;
    options.target = GetParam().target;
    options.narrow = GetParam().narrow;
    options.narrowResults = false;
    options.largestBatch = 3;
    StrategyContext context{targetOf(options.target)};
    context.multiplyTypes = {GetParam().multiplyType};
    context.training = true;
    std::vector<bool> exact; // Whether the results of a candidate are exact.
    size_t chosen = 0;
    options.choose = [&](seg::FusionOp fusion) {
      auto candidates = strategyCandidates(fusion, context);
      llvm::erase_if(candidates, [&](seg::StrategyAttr strategy) {
        return productWork(strategy).multiplyType != GetParam().multiplyType;
      });
      ASSERT_GT(candidates.size(), chosen) << text;
      fusion.setStrategyAttr(candidates[chosen]);
      if (!exact.empty())
        return;
      for (seg::StrategyAttr strategy : candidates)
        exact.push_back(!llvm::is_contained(strategy.getInts(strategyTilesName),
                                            int64_t(4)));
    };
    std::string error;
    ASSERT_TRUE(CompiledFunction::compile(text, options, error)) << error;
    for (chosen = 0; chosen < exact.size(); ++chosen) {
      double largest = exact[chosen] ? GetParam().largest : 0.5;
      options.low = -largest, options.high = largest;
      options.levels = exact[chosen] ? 2 * GetParam().largest : 0;
      options.tolerance = exact[chosen] ? 1e-6 : 0.2;
      EXPECT_EQ(checkKernels(text, options), "") << chosen << "\n" << text;
    }
  }
  void checkPrologue(const ConvCase &c, const Prologue &prologue) {
    check(prologueText(c, prologue, "conv"));
    check(prologueText(c, prologue, "conv_filter_grad"));
  }
  void checkConvs(const ConvCase &c) {
    check(convText(c));
    check(inputGradText(c));
    check(filterGradText(c));
    check(convTransposeText(c));
  }
};

TEST_P(MultiplyTypeKernels, Images) {
  checkConvs({{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 48, false, true});
  checkConvs({{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 32, 16, false, true});
  checkConvs({{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16});
  checkConvs({{6, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 16, 32});
}
TEST_P(MultiplyTypeKernels, Volumes) {
  checkConvs({{5, 7, 6}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16});
  checkConvs({{4, 7, 5},
              {3, 3, 3},
              {2, 2, 2},
              {1, 1, 1},
              {1, 1, 1},
              16,
              32,
              true,
              true});
  checkConvs({{3, 8, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 16, 17});
}
// Winograd tiles support any number of channels. The last of an odd number has
// no partner.
TEST_P(MultiplyTypeKernels, OddChannels) {
  ConvCase c = {{9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 17, 33};
  check(convText(c));
  check(inputGradText(c));
  check(filterGradText(c));
}

// Vectors are as narrow as the output has channels.
TEST_P(MultiplyTypeKernels, FewOutputs) {
  ConvCase c = {{9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, 3};
  check(convText(c));
  check(inputGradText(c));
  check(filterGradText(c));
}

// The result of a prologue is rounded when it is packed.
TEST_P(MultiplyTypeKernels, Prologues) {
  for (const ConvCase &c :
       {ConvCase{{9, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16},
        ConvCase{{7, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 16, 16}}) {
    std::string large = convTypes(c).large;
    checkPrologue(c, {{large}, "%x = seg.relu %a0 : " + large + "\n"});
  }
}

// Parts end within vectors of channels, and within pairs of channels.
TEST_P(MultiplyTypeKernels, Concatenations) {
  const ConvCase pixels = {{3, 5}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16};
  checkPrologue(pixels, concatenated(pixels.large, {8, 8}));
  checkPrologue(pixels, concatenated(pixels.large, {3, 12, 1}));
  const ConvCase image = {{5, 4}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 17};
  checkPrologue(image, concatenated(image.large, {24, 8}));
  checkPrologue(image, concatenated(image.large, {16, 11, 5}));
  const ConvCase volume = {{3, 4, 5}, {2, 3, 3}, {2, 2, 2}, {1, 1, 1},
                           {1, 1, 1}, 32,        16};
  checkPrologue(volume, concatenated(volume.large, {5, 20, 7}));
}

// One channel scales all channels of a pixel.
TEST_P(MultiplyTypeKernels, Gates) {
  for (const ConvCase &c :
       {ConvCase{{5, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16},
        ConvCase{{7, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 17}})
    checkPrologue(c, gated(convTypes(c).large));
}

INSTANTIATE_TEST_SUITE_P(
    Bf16, MultiplyTypeKernels,
    testing::Values(
        MultiplyTypeCase{"x86-64-v4-bf16", "bf16", MultiplyType::Bf16, 4},
        MultiplyTypeCase{"x86-64-v4-bf16", "f16", MultiplyType::Bf16, 4},
        MultiplyTypeCase{"x86-64-v4", "bf16", MultiplyType::Bf16, 4},
        MultiplyTypeCase{"x86-64-v3", "f16", MultiplyType::Bf16, 4}));
INSTANTIATE_TEST_SUITE_P(
    F16, MultiplyTypeKernels,
    testing::Values(
        MultiplyTypeCase{"x86-64-v4-fp16", "f16", MultiplyType::F16, 2},
        MultiplyTypeCase{"x86-64-v4", "f16", MultiplyType::F16, 2},
        MultiplyTypeCase{"x86-64-v3", "f16", MultiplyType::F16, 2}));

/// Returns the largest number of outputs of a candidate's Winograd tile.
int64_t largestTile(const std::string &text, MultiplyType multiplyType,
                    bool training) {
  KernelTestOptions options;
  options.narrow = "f16";
  StrategyContext context{targetOf(options.target)};
  context.multiplyTypes = {multiplyType};
  context.training = training;
  int64_t largest = 0;
  options.choose = [&](seg::FusionOp fusion) {
    for (seg::StrategyAttr strategy : strategyCandidates(fusion, context))
      if (llvm::ArrayRef<int64_t> m = strategy.getInts(strategyTilesName);
          !m.empty() && productWork(strategy).multiplyType == multiplyType)
        largest = std::max(largest, m[0] * m[1] * m[2]);
  };
  std::string error;
  EXPECT_TRUE(CompiledFunction::compile(text, options, error)) << error;
  return largest;
}

// The error grows with the number of dimensions in which a tile has 4 outputs.
// A training step allows larger errors than a prediction.
TEST(MultiplyType, TileSizeFollowsTheAllowedError) {
  std::string image =
      convText({{16, 16}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 32});
  std::string volume = convText(
      {{32, 32, 32}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 32});
  for (bool training : {false, true}) {
    EXPECT_EQ(largestTile(image, MultiplyType::F16, training),
              training ? 16 : 8);
    EXPECT_EQ(largestTile(volume, MultiplyType::F16, training),
              training ? 64 : 8);
    EXPECT_EQ(largestTile(image, MultiplyType::Bf16, training),
              training ? 16 : 0);
    EXPECT_EQ(largestTile(volume, MultiplyType::Bf16, training),
              training ? 32 : 0);
    EXPECT_EQ(largestTile(volume, MultiplyType::Fixed, training), 64);
    EXPECT_EQ(largestTile(volume, MultiplyType::F32, training), 64);
  }
}

TEST(MultiplyType, NeedsWholeVectorsOfChannels) {
  ConvCase c = {{8, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 24, 16};
  c.strategy =
      "direct, lanes = 16, nb = 1, block = [1, 1, "
      "4], tile = [1, 4, 4], groups = 1, share_taps = false, "
      "in_place = false, unroll = 1, multiply_type = bf16, temp_bytes = "
      "6912";
  EXPECT_THAT(checkKernels(convText(c)),
              testing::HasSubstr("cannot multiply pairs of bf16: 24 input "
                                 "channels, expected a multiple of 16"));
}

TEST(MultiplyType, LimitsChainsOfF16) {
  ConvCase c = {{8, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 16, 16};
  c.strategy =
      "direct, lanes = 16, nb = 1, block = [1, 1, "
      "4], tile = [1, 4, 4], groups = 1, share_taps = false, "
      "in_place = false, unroll = 24, multiply_type = f16, temp_bytes = "
      "4608";
  EXPECT_THAT(checkKernels(convText(c)),
              testing::HasSubstr("expects a step to add at most 16 pairs of "
                                 "f16 to a sum, got 24"));
  c = {{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  c.strategy =
      "direct, lanes = 16, nb = 1, ur = 4, tile = [1, 8, "
      "8], splits = 1, tap_groups = 1, groups = 1, share_taps = true, "
      "pack_grad = true, prefetch = false, swapped = false, multiply_type = "
      "f16, temp_bytes = 0";
  EXPECT_THAT(checkKernels(filterGradText(c)),
              testing::HasSubstr("cannot share inputs between taps with "
                                 "products of f16"));
}

} // namespace
