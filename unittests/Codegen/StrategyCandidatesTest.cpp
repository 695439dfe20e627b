//===- StrategyCandidatesTest.cpp - Candidates of autotuning --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "segc/Codegen/CPU/CpuTarget.h"
#include "segc/Codegen/Common/MeasureStrategies.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Target/Strategy.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using namespace segc;
using namespace segc::test;

namespace {

/// The fusion of a function's text.
struct ParsedFusion {
  explicit ParsedFusion(const std::string &text) {
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(withBatch(text, 2), &context);
    fusion = *(*module->getOps<func::FuncOp>().begin())
                  .getOps<seg::FusionOp>()
                  .begin();
  }

  SmallVector<seg::StrategyAttr> candidates(const StrategyContext &limits) {
    return strategyCandidates(fusion, limits);
  }

  MLIRContext context{kernelRegistry(), MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  seg::FusionOp fusion;
};

StrategyContext limits(WinogradTiles tiles = WinogradTiles::F4,
                       StringRef cpu = "x86-64-v3") {
  return {targetOf(cpu), tiles};
}

/// Returns the kind of each strategy; for Winograd with the tile size of the
/// last dimension.
std::vector<std::string> kinds(ArrayRef<seg::StrategyAttr> strategies) {
  std::vector<std::string> result;
  for (seg::StrategyAttr strategy : strategies) {
    result.push_back(strategy.getKind().str());
    if (ArrayRef<int64_t> m = strategy.getInts(strategyTilesName); !m.empty())
      result.back() += std::to_string(m[2]);
  }
  return result;
}

ConvCase image(int64_t in, int64_t out, int64_t stride = 1) {
  return {{12, 12}, {3, 3}, {stride, stride}, {1, 1}, {1, 1}, in, out};
}

std::vector<std::string> texts(const ConvCase &c) {
  return {convText(c), inputGradText(c), filterGradText(c)};
}

TEST(StrategyCandidates, BeginWithTheModelsChoice) {
  for (const ConvCase &c : {image(16, 64), image(3, 3), image(64, 16, 2)})
    for (const std::string &text : texts(c))
      for (StringRef cpu : cpuTargetNames())
        for (WinogradTiles tiles :
             {WinogradTiles::Off, WinogradTiles::F2, WinogradTiles::F4}) {
          ParsedFusion parsed(text);
          StrategyContext context = limits(tiles, cpu);
          EXPECT_EQ(parsed.candidates(context).front(),
                    selectStrategy(parsed.fusion, context))
              << text;
        }
}

TEST(StrategyCandidates, ContainEachKindOnce) {
  for (const std::string &text : texts(image(16, 64))) {
    ParsedFusion parsed(text);
    auto strategies = parsed.candidates(limits());
    EXPECT_THAT(kinds(strategies),
                testing::IsSupersetOf({"direct", "winograd2", "winograd4"}))
        << text;
    EXPECT_EQ(
        llvm::SmallDenseSet<Attribute>(strategies.begin(), strategies.end())
            .size(),
        strategies.size());
    EXPECT_GT(strategies.size(), 3u) << "another plan of the first kind";
    EXPECT_LE(strategies.size(), 5u);
  }
}

TEST(StrategyCandidates, RespectTheTileLimit) {
  for (const std::string &text : texts(image(16, 64))) {
    ParsedFusion parsed(text);
    EXPECT_THAT(kinds(parsed.candidates(limits(WinogradTiles::F2))),
                testing::AllOf(testing::Contains("winograd2"),
                               testing::Not(testing::Contains("winograd4"))));
    EXPECT_THAT(kinds(parsed.candidates(limits(WinogradTiles::Off))),
                testing::Each("direct"));
  }
}

TEST(StrategyCandidates, ContainFewChannels) {
  ParsedFusion parsed(convText(image(32, 3)));
  EXPECT_THAT(kinds(parsed.candidates(limits())),
              testing::IsSupersetOf({"direct", "few_channels"}));
}

// With one vector of channels there is no other register block, and with
// strides there are no tiles.
TEST(StrategyCandidates, AreFewWithoutAlternatives) {
  for (const std::string &text : texts(image(4, 4, 2))) {
    ParsedFusion parsed(text);
    auto strategies = parsed.candidates(limits());
    EXPECT_THAT(kinds(strategies), testing::Each("direct")) << text;
    EXPECT_LE(strategies.size(), 2u);
  }
}

TEST(StrategyCandidates, AllComputeTheSame) {
  using Case = std::pair<std::string (*)(const ConvCase &), ConvCase>;
  for (const auto &[makeText, c] :
       {Case(convText, image(16, 40)), Case(inputGradText, image(24, 8)),
        Case(filterGradText, image(16, 40))}) {
    ParsedFusion parsed(makeText(c));
    for (seg::StrategyAttr strategy : parsed.candidates(limits())) {
      ConvCase strategic = c;
      std::string text;
      llvm::raw_string_ostream(text) << strategy;
      StringRef inside = text;
      inside.consume_front("#seg.strategy<");
      inside.consume_back(">");
      strategic.strategy = inside.str();
      KernelTestOptions options;
      options.target = "x86-64-v3";
      options.tolerance = 1e-4;
      EXPECT_EQ(checkKernels(makeText(strategic), options), "")
          << strategic.strategy;
    }
  }
}

TEST(MeasureStrategies, HasATimeForEach) {
  ParsedFusion parsed(convText(image(16, 16)));
  StrategyContext context = limits();
  ThreadPool pool(2);
  for (bool constant : {false, true}) {
    context.constantOperand = constant;
    auto strategies = parsed.candidates(context);
    auto seconds = llvm::cantFail(
        measureStrategies(parsed.fusion, strategies, context, pool));
    EXPECT_EQ(seconds.size(), strategies.size());
    EXPECT_THAT(seconds, testing::Each(testing::Gt(0)));
  }
  EXPECT_FALSE(parsed.fusion.getStrategyAttr());
}

// Measurement noise does not replace the choice of the cost model.
TEST(MeasureStrategies, FirstStaysUnlessClearlySlower) {
  EXPECT_EQ(fastestStrategy({1.0}), 0u);
  EXPECT_EQ(fastestStrategy({1.0, 0.98, 1.1}), 0u);
  EXPECT_EQ(fastestStrategy({1.0, 0.96, 0.98}), 1u);
  EXPECT_EQ(fastestStrategy({1.0, 1.5, 0.5}), 2u);
}

} // namespace
