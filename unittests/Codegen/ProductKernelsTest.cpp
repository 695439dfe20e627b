//===- ProductKernelsTest.cpp - Convolutions by products of bf16 pairs ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Small integers and their sums in Winograd tiles of 2 are exact in bf16, so
// that results must be those of f32. Tiles of 4 divide by 15: their results are
// compared as far as bf16 goes, which is less than any value that is missing or
// out of place would cause.

#include "ConvCase.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Runtime/Core/CpuFeatures.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc;
using namespace segc::test;

namespace {

struct ProductCase {
  const char *target, *narrow;
};

void PrintTo(const ProductCase &test, std::ostream *os) {
  *os << test.narrow << " " << test.target;
}

class ProductKernels : public testing::TestWithParam<ProductCase> {
protected:
  void SetUp() override {
    if (GetParam().target == std::string("x86-64-v4-bf16") &&
        !cpuHasFeature("avx512bf16"))
      GTEST_SKIP() << "this processor has no products of bf16";
  }

  /// Compares all strategies that may be chosen for the text's root.
  void check(const std::string &text) {
    KernelTestOptions options;
    options.target = GetParam().target;
    options.narrow = GetParam().narrow;
    options.narrowResults = false;
    options.largestBatch = 3;
    CpuStrategyContext context{*lookupCpuTarget(options.target)};
    context.products = Products::Bf16;
    std::vector<bool> exact; // Of each candidate.
    size_t pairs = 0, chosen = 0;
    options.choose = [&](seg::FusionOp fusion) {
      auto root = mlir::cast<CpuKernelOpInterface>(fusionRoot(fusion));
      auto candidates = root.cpuStrategyCandidates(fusion, context);
      fusion.setStrategyAttr(candidates[chosen]);
      if (!exact.empty())
        return;
      for (mlir::DictionaryAttr strategy : candidates) {
        auto tiles = strategy.getAs<mlir::DenseI64ArrayAttr>("m");
        exact.push_back(!tiles ||
                        !llvm::is_contained(tiles.asArrayRef(), int64_t(4)));
        pairs += strategy.contains("products");
      }
    };
    std::string error;
    ASSERT_TRUE(CompiledFunction::compile(text, options, error)) << error;
    EXPECT_GT(pairs, 0u) << text;
    for (chosen = 0; chosen < exact.size(); ++chosen) {
      options.low = exact[chosen] ? -4 : -0.5, options.high = -options.low;
      options.levels = exact[chosen] ? 8 : 0;
      options.tolerance = exact[chosen] ? 1e-6 : 0.2;
      EXPECT_EQ(checkKernels(text, options), "") << chosen << "\n" << text;
    }
  }
  void checkConvs(const ConvCase &c) {
    check(convText(c));
    check(inputGradText(c));
    check(filterGradText(c));
    check(convTransposeText(c));
  }
};

TEST_P(ProductKernels, Images) {
  checkConvs({{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 48, false, true});
  checkConvs({{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 32, 16, false, true});
  checkConvs({{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16});
  checkConvs({{6, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 16, 32});
}
TEST_P(ProductKernels, Volumes) {
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
// Winograd tiles take any number of channels, the last of which has no partner.
TEST_P(ProductKernels, OddChannels) {
  ConvCase c = {{9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 17, 33};
  check(convText(c));
  check(inputGradText(c));
  check(filterGradText(c));
}

INSTANTIATE_TEST_SUITE_P(All, ProductKernels,
                         testing::Values(ProductCase{"x86-64-v4-bf16", "bf16"},
                                         ProductCase{"x86-64-v4-bf16", "f16"},
                                         ProductCase{"x86-64-v4", "bf16"},
                                         ProductCase{"x86-64-v3", "f16"}));

TEST(Products, ArePackedInWholeVectors) {
  ConvCase c = {{8, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 24, 16};
  c.strategy =
      "kind = \"direct\", lanes = 16, nb = 1, block = array<i64: 1, 1, "
      "4>, tile = array<i64: 1, 4, 4>, groups = 1, share_taps = false, "
      "in_place = false, unroll = 1, products = \"bf16\", temp_bytes = "
      "6912";
  EXPECT_THAT(checkKernels(convText(c)),
              testing::HasSubstr("cannot multiply pairs of bf16: 24 input "
                                 "channels, expected a multiple of 16"));
}

} // namespace
