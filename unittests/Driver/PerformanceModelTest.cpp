//===- PerformanceModelTest.cpp -------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/PerformanceModel.h"

#include "mlir/Parser/Parser.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Driver/CompileSession.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

constexpr double launch = 1.5e-6;

class PerformanceModelTest : public testing::Test {
protected:
  PerformanceModelTest() {
    registerTargets();
    target.backend = findTargetBackend("cuda");
    target.version = target.backend->findVersion("sm_90");
    context.loadAllAvailableDialects();
  }

  /// Parses a function of one fusion, and selects its strategy.
  void parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    module->walk([&](seg::FusionOp op) { fusion = op; });
    if (!fusion.getRoot())
      return;
    StrategyContext strategies{target};
    strategies.multiplyTypes = target.version->multiplyTypes;
    fusion.setStrategyAttr(selectStrategy(fusion, strategies));
  }

  /// Launches of 8192 blocks of 256 threads; with what the assembler says if it
  /// is known how many a multiprocessor holds.
  KernelPrediction predict(StringRef device, MultiplyType products,
                           int64_t residentBlocks, size_t launches = 1) {
    LaunchFacts facts;
    facts.blocks = 8192;
    facts.threads = 256;
    if (residentBlocks > 0) {
      facts.resources.emplace();
      facts.resources->registers = 32;
      facts.resources->residentBlocks = residentBlocks;
    }
    std::vector<LaunchFacts> all(launches, facts);
    return target.backend->performanceModel()->predict(
        fusion, *target.version, device, all, /*mainLaunch=*/0, products);
  }

  CompilerContext context{MLIRContext::Threading::DISABLED};
  Target target;
  OwningOpRef<ModuleOp> module;
  seg::FusionOp fusion;
};

TEST_F(PerformanceModelTest, KernelsThatStream) {
  parse(R"(
!x = tensor<8x512x512x64xf32>
func.func @f(%x: !x) -> !x {
  %0 = seg.fusion (%a = %x : !x) -> (!x) {
    %1 = seg.relu %a : !x
    seg.yield %1 : !x
  }
  return %0 : !x
})");
  KernelPrediction h100 = predict("h100", MultiplyType::F32, 8),
                   h200 = predict("h200", MultiplyType::F32, 8);
  double bytes = 2.0 * 8 * 512 * 512 * 64 * 4;
  EXPECT_EQ(h100.bytes, bytes);
  EXPECT_EQ(h100.flops, 0);
  EXPECT_EQ(h100.arithmetic, "f32");
  EXPECT_DOUBLE_EQ(h100.waves, 8192.0 / (8 * 132));
  EXPECT_NEAR(h100.boundSeconds, bytes / 2.99e12 + launch, 1e-9);
  EXPECT_NEAR(h200.boundSeconds, bytes / 4.3e12 + launch, 1e-9);
  // Kernels reach less than a copy does.
  for (const KernelPrediction &each : {h100, h200}) {
    EXPECT_GT(each.seconds, 1.2 * each.boundSeconds);
    EXPECT_LT(each.seconds, 1.5 * each.boundSeconds);
  }
  // Every launch counts, and so do blocks that are too few for their loads.
  EXPECT_NEAR(predict("h100", MultiplyType::F32, 8, 3).seconds,
              h100.seconds + 2 * launch, 1e-9);
  EXPECT_GT(predict("h100", MultiplyType::F32, 1).seconds, 1.2 * h100.seconds);
}

TEST_F(PerformanceModelTest, ConvolutionsOfTheFastestType) {
  parse(R"(
!x = tensor<8x64x64x256xf32>
!h = tensor<8x64x64x256xbf16>
!w = tensor<3x3x256x256xf32>
!v = tensor<3x3x256x256xbf16>
func.func @f(%x: !h, %w: !v) -> !h {
  %0 = seg.fusion (%a = %x : !h, %b = %w : !v) -> (!h) {
    %1 = seg.cast %a : !h -> !x
    %2 = seg.cast %b : !v -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !h
    seg.yield %4 : !h
  }
  return %0 : !h
})");
  KernelPrediction bf16 = predict("h100", MultiplyType::Bf16, 0),
                   f32 = predict("h100", MultiplyType::F32, 0);
  double flops = 2.0 * 8 * 64 * 64 * 256 * 256 * 9;
  EXPECT_NEAR(bf16.flops, flops, 0.05 * flops);
  EXPECT_EQ(bf16.arithmetic, "bf16 tensor cores");
  EXPECT_NEAR(bf16.boundSeconds, bf16.flops / 786e12 + launch, 1e-9);
  EXPECT_NEAR(f32.boundSeconds, f32.flops / 51.3e12 + launch, 1e-9);
  // The strategy is that of tensor cores, whatever the bound is of.
  EXPECT_EQ(bf16.seconds, f32.seconds);
  EXPECT_GT(bf16.seconds, bf16.boundSeconds);
  EXPECT_LT(bf16.seconds, f32.boundSeconds);
  EXPECT_EQ(bf16.waves, 0) << "resident blocks are not known";
}

// The counts of a few blocks stand for all.
TEST_F(PerformanceModelTest, CountedBytes) {
  parse(R"(
!x = tensor<3x64x64x8xf32>
!h = tensor<3x64x64x8xbf16>
func.func @f(%x: !x) -> !h {
  %0 = seg.fusion (%a = %x : !x) -> (!h) {
    %1 = seg.relu %a : !x
    %2 = seg.cast %1 : !x -> !h
    seg.yield %2 : !h
  }
  return %0 : !h
})");
  const PerformanceModel &model = *target.backend->performanceModel();
  auto runner =
      KernelRunner::compile(fusion, model.countingTarget(*target.version));
  ASSERT_TRUE(bool(runner)) << llvm::toString(runner.takeError());
  double bytes = 3.0 * 64 * 64 * 8 * (4 + 2);
  for (int64_t tasks : {1, 4, 1000}) {
    auto counts = (*runner)->count(/*fusion=*/0, /*batch=*/3, tasks);
    ASSERT_TRUE(bool(counts)) << llvm::toString(counts.takeError());
    ASSERT_EQ(counts->size(), 1u);
    EXPECT_EQ(countedBytes(counts->front()), bytes) << tasks;
  }
  // What is counted is the least that L2 has to give.
  LaunchFacts facts;
  facts.counts.emplace();
  facts.counts->globalSectorsRead = 1 << 30;
  EXPECT_NEAR(model
                  .predict(fusion, *target.version, "h100", facts,
                           /*mainLaunch=*/0, MultiplyType::F32)
                  .seconds,
              32.0 * (1 << 30) / 5.5e12 + launch, 1e-4);
}

TEST_F(PerformanceModelTest, DevicesHaveNames) {
  llvm::ArrayRef<StringRef> devices =
      target.backend->performanceModel()->devices();
  EXPECT_TRUE(llvm::is_contained(devices, "h100"));
  EXPECT_TRUE(llvm::is_contained(devices, "h200"));
  EXPECT_EQ(findTargetBackend("cpu")->performanceModel(), nullptr);
}

} // namespace
