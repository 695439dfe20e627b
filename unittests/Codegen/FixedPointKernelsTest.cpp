//===- FixedPointKernelsTest.cpp - Winograd tiles in block fixed point ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace segc;
using namespace segc::test;

namespace {

bool runsHere(const std::string &target) {
  Target cpu = targetOf(target);
  return cpu.backend->missingFeature(*cpu.version).empty();
}

/// Options that choose fixed point with tiles of this size.
KernelTestOptions fixedPoint(const std::string &target,
                             WinogradTiles tiles = WinogradTiles::F4,
                             const std::string &narrow = "bf16") {
  KernelTestOptions options;
  options.target = target;
  options.narrow = narrow;
  options.narrowResults = false;
  options.choose = [=](seg::FusionOp fusion) {
    StrategyContext context{targetOf(target), tiles};
    context.multiplyTypes = {MultiplyType::Fixed};
    context.training = true;
    for (seg::StrategyAttr strategy : strategyCandidates(fusion, context)) {
      auto name = strategy.get<mlir::StringAttr>(strategyMultiplyTypeName);
      if (name && name.getValue() == "fixed" &&
          llvm::is_contained(strategy.getInts(strategyTilesName), int64_t(4)) ==
              (tiles == WinogradTiles::F4)) {
        fusion.setStrategyAttr(strategy);
        return;
      }
    }
    FAIL() << "no strategy in fixed point";
  };
  return options;
}

struct FixedCase {
  const char *target, *narrow;
};
void PrintTo(const FixedCase &test, std::ostream *os) {
  *os << test.narrow << " on " << test.target;
}

class FixedPointKernels : public testing::TestWithParam<FixedCase> {
protected:
  void SetUp() override {
    if (!runsHere(GetParam().target))
      GTEST_SKIP() << "this processor is no " << GetParam().target;
  }
  /// The tolerance suffices, because a missing or misplaced value changes a sum
  /// by far more.
  void check(const std::string &text) {
    for (WinogradTiles tiles : {WinogradTiles::F2, WinogradTiles::F4}) {
      KernelTestOptions options =
          fixedPoint(GetParam().target, tiles, GetParam().narrow);
      options.largestBatch = 3;
      options.tolerance = 2e-2;
      EXPECT_EQ(checkKernels(text, options), "") << text;
    }
  }
};

ConvCase image(int64_t in, int64_t out, Sizes size = {9, 11}) {
  return {size, {3, 3}, {1, 1}, {1, 1}, {1, 1}, in, out};
}
ConvCase volume(int64_t in, int64_t out, Sizes size = {5, 7, 6}) {
  return {size, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, in, out};
}

TEST_P(FixedPointKernels, Images) {
  ConvCase c = image(16, 48);
  c.epilogue = true;
  check(convText(c));
  check(inputGradText(c));
  c.transposeFilter = true;
  check(convText(c));
}
TEST_P(FixedPointKernels, Volumes) {
  check(convText(volume(16, 16)));
  check(inputGradText(volume(32, 16)));
  check(convText(
      {{3, 8, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 16, 17}));
}
TEST_P(FixedPointKernels, OddChannels) {
  check(convText(image(17, 33)));
  check(convText(image(1, 16)));
  check(convText(image(48, 3)));
  check(convText(volume(5, 7)));
}
// Sums of more pairs than a chain may have, with a short last chain.
TEST_P(FixedPointKernels, Chains) {
  check(convText(image(64, 16, {6, 6})));
  check(convText(image(131, 20, {6, 6})));
}
TEST_P(FixedPointKernels, Prologues) {
  ConvCase c = image(32, 16);
  ConvTypes types = convTypes(c);
  check(fusionFunction({types.large, types.filter}, {types.small},
                       "%x = seg.relu %a0 : " + types.large +
                           "\n%r0 = seg.conv %x, %a1 " + convAttributes(c) +
                           " : (" + types.large + ", " + types.filter +
                           ") -> " + types.small));
}

INSTANTIATE_TEST_SUITE_P(All, FixedPointKernels,
                         testing::Values(FixedCase{"x86-64-v4-vnni", "bf16"},
                                         FixedCase{"x86-64-v4", "f16"},
                                         FixedCase{"x86-64-v3", "bf16"}));

/// Runs the kernels of a text. `inputs` may change the inputs that are drawn.
class FixedPoint : public testing::Test {
protected:
  void SetUp() override {
    target = runsHere("x86-64-v4-vnni") ? "x86-64-v4-vnni" : "x86-64-v3";
  }
  Values run(const std::string &text, WinogradTiles tiles,
             const std::function<void(std::vector<Values> &)> &change) {
    std::string error;
    auto function =
        CompiledFunction::compile(text, fixedPoint(target, tiles), error);
    if (!function) {
      ADD_FAILURE() << error;
      return {};
    }
    auto inputs = function->makeInputs();
    change(inputs);
    auto results =
        function->run(inputs, CompiledFunction::Order::Forward, error);
    EXPECT_EQ(error, "");
    return results.front();
  }
  std::string target;
};

// Scales are exact for powers of two. The integers are the same for large and
// small values, so that results are exact too.
TEST_F(FixedPoint, IsIndependentOfMagnitude) {
  for (const std::string &text :
       {convText(image(20, 24)), convText(volume(20, 24))})
    for (unsigned factor : {0, 1}) {
      Values plain = run(text, WinogradTiles::F4, [](auto &) {});
      for (int power : {-60, 60}) {
        Values scaled =
            run(text, WinogradTiles::F4, [&](std::vector<Values> &inputs) {
              for (double &value : inputs[factor])
                value = std::ldexp(value, power);
            });
        ASSERT_EQ(scaled.size(), plain.size());
        for (size_t i = 0; i < plain.size(); ++i)
          ASSERT_EQ(scaled[i], std::ldexp(plain[i], power)) << i;
      }
    }
}

TEST_F(FixedPoint, KeepsZero) {
  for (unsigned factor : {0, 1})
    for (double value : run(convText(image(20, 24)), WinogradTiles::F4,
                            [&](std::vector<Values> &inputs) {
                              inputs[factor].assign(inputs[factor].size(), 0);
                            }))
      ASSERT_EQ(value, 0);
}

// The inputs make the sums of all chains as large as possible.
TEST_F(FixedPoint, DoesNotOverflow) {
  ConvCase c = volume(192, 16, {6, 6, 6});
  c.low = c.high = {0, 0, 0};
  for (double sign : {1.0, -1.0})
    for (double value :
         run(convText(c), WinogradTiles::F4, [&](std::vector<Values> &inputs) {
           inputs[0].assign(inputs[0].size(), 1);
           inputs[1].assign(inputs[1].size(), sign);
         }))
      ASSERT_NEAR(value, sign * 27 * 192, 27 * 192 * 2e-3);
}

// Results that depend on a non-finite value are not finite; other tiles and
// channels do not change.
TEST_F(FixedPoint, PropagatesNonFiniteValues) {
  constexpr int64_t in = 20, out = 24, height = 20, width = 24;
  std::string text = convText(image(in, out, {height, width}));
  Values plain = run(text, WinogradTiles::F4, [](auto &) {});
  for (float bad : {INFINITY, -INFINITY, NAN}) {
    constexpr int64_t h = 9, w = 13;
    Values spread =
        run(text, WinogradTiles::F4, [&](std::vector<Values> &inputs) {
          inputs[0][(h * width + w) * in + 5] = bad;
        });
    for (int64_t i = 0, end = spread.size(); i < end; ++i) {
      int64_t dh = std::abs(i / out / width % height - h),
              dw = std::abs(i / out % width - w);
      if (i < height * width * out && dh <= 1 && dw <= 1)
        ASSERT_FALSE(std::isfinite(spread[i])) << i;
      else if (i >= height * width * out || dh > 4 || dw > 4)
        ASSERT_EQ(spread[i], plain[i]) << i;
    }
    spread = run(text, WinogradTiles::F4, [&](std::vector<Values> &inputs) {
      inputs[1][(4 * in + 7) * out + 3] = bad;
    });
    for (size_t i = 0; i < spread.size(); ++i)
      if (i % out == 3)
        ASSERT_FALSE(std::isfinite(spread[i])) << i;
      else
        ASSERT_EQ(spread[i], plain[i]) << i;
  }
}

// The measured error is that of the model by which strategies are chosen.
TEST_F(FixedPoint, ErrorMatchesTheModel) {
  struct Case {
    ConvCase conv;
    WinogradTiles tiles;
  };
  for (const Case &c : {Case{image(64, 32, {16, 16}), WinogradTiles::F2},
                        Case{image(64, 32, {16, 16}), WinogradTiles::F4},
                        Case{volume(64, 32, {8, 8, 8}), WinogradTiles::F2},
                        Case{volume(64, 32, {8, 8, 8}), WinogradTiles::F4}}) {
    double error = 0;
    KernelTestOptions options = fixedPoint(target, c.tiles);
    auto choose = options.choose;
    options.choose = [&](seg::FusionOp fusion) {
      choose(fusion);
      error = productError(fusion.getStrategyAttr());
    };
    options.tolerance = 1; // Single values may differ: the mean is checked
                           // here.
    double difference = 0, sum = 0;
    std::string text = convText(c.conv), message;
    auto function = CompiledFunction::compile(text, options, message);
    ASSERT_TRUE(function) << message;
    auto inputs = function->makeInputs();
    options.choose = [](seg::FusionOp) {};
    options.target = "x86-64-v3";
    auto exact = CompiledFunction::compile(text, options, message);
    ASSERT_TRUE(exact) << message;
    auto order = CompiledFunction::Order::Forward;
    Values got = function->run(inputs, order, message).front(),
           expected = exact->run(inputs, order, message).front();
    for (size_t i = 0; i < got.size(); ++i) {
      difference += (got[i] - expected[i]) * (got[i] - expected[i]);
      sum += expected[i] * expected[i];
    }
    double measured = std::sqrt(difference / sum);
    EXPECT_LT(measured, error * 1.1);
    EXPECT_GT(measured, error / 3);
  }
}

} // namespace
