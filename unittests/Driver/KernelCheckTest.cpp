//===- KernelCheckTest.cpp - Detection of wrong kernels -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/Verify.h"
#include "segc/Program/Passes.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "segc/Codegen/CPU/CpuTarget.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Reference/Reference.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Passes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace mlir;
using namespace segc;

namespace {

/// A kernel that stores f16 and sums the stored values: conv, then channel
/// sums.
constexpr char text[] = R"(
func.func @f(%x: tensor<1x20x20x32xf16>, %w: tensor<3x3x32x32xf32>)
    -> (tensor<1x20x20x32xf16>, tensor<32xf32>) {
  %y:2 = seg.fusion (%a = %x : tensor<1x20x20x32xf16>, %b = %w : tensor<3x3x32x32xf32>)
      -> (tensor<1x20x20x32xf16>, tensor<32xf32>) {
    %0 = seg.cast %a : tensor<1x20x20x32xf16> -> tensor<1x20x20x32xf32>
    %1 = seg.conv %0, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x20x20x32xf32>, tensor<3x3x32x32xf32>) -> tensor<1x20x20x32xf32>
    %2 = seg.cast %1 : tensor<1x20x20x32xf32> -> tensor<1x20x20x32xf16>
    %3 = seg.cast %2 : tensor<1x20x20x32xf16> -> tensor<1x20x20x32xf32>
    %4 = seg.channel_sum %3 : tensor<1x20x20x32xf32> -> tensor<32xf32>
    seg.yield %2, %4 : tensor<1x20x20x32xf16>, tensor<32xf32>
  }
  return %y#0, %y#1 : tensor<1x20x20x32xf16>, tensor<32xf32>
}
)";

class KernelCheckTest : public testing::Test {
protected:
  KernelCheckTest() {
    DialectRegistry registry;
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(text, &context);
  }

  void SetUp() override { ASSERT_TRUE(module); }

  /// Chooses the type of products and the size of Winograd tiles.
  void choose(MultiplyType multiplyType, WinogradTiles tiles) {
    StrategyContext strategy{target, tiles};
    strategy.multiplyTypes = {multiplyType};
    strategy.training = true;
    for (seg::StrategyAttr candidate : strategyCandidates(fusion(), strategy)) {
      ArrayRef<int64_t> m = candidate.getInts(strategyTilesName);
      auto used = m.empty()                           ? WinogradTiles::Off
                  : llvm::is_contained(m, int64_t(4)) ? WinogradTiles::F4
                                                      : WinogradTiles::F2;
      if (used == tiles && productWork(candidate).multiplyType == multiplyType)
        return fusion().setStrategyAttr(candidate);
    }
    FAIL() << "no such strategy";
  }

  /// Checks the kernel after `damage` has changed its operands.
  KernelDeviation check(const std::function<void(ArrayRef<void *>)> &damage,
                        KernelCheckOptions options = {}) {
    auto runner = KernelRunner::compile(fusion(), target);
    if (!runner) {
      ADD_FAILURE() << llvm::toString(runner.takeError());
      return {};
    }
    auto deviation = checkKernel(
        fusion(), target, SmallVector<int>(fusion().getNumResults(), -1),
        [&](ArrayRef<void *> operands) {
          Status status = (*runner)->run(0, operands, 1);
          damage(operands);
          return status;
        },
        options);
    if (!deviation) {
      ADD_FAILURE() << llvm::toString(deviation.takeError());
      return {};
    }
    return *deviation;
  }

  seg::FusionOp fusion() {
    return *(*module->getOps<func::FuncOp>().begin())
                .getOps<seg::FusionOp>()
                .begin();
  }

  CompilerContext context;
  OwningOpRef<ModuleOp> module;
  Target target = llvm::cantFail(resolveTarget("cpu:x86-64-v3"));
};

void addUnits(void *values, int64_t element, int16_t units) {
  int16_t value;
  auto *at = static_cast<char *>(values) + 2 * element;
  std::memcpy(&value, at, 2);
  value = static_cast<int16_t>(value + units);
  std::memcpy(at, &value, 2);
}

// A kernel is correct if it rounds as its strategy defines. It is wrong if one
// element or all elements differ by a little more than this rounding.
TEST_F(KernelCheckTest, FindsErrorsBeyondRounding) {
  for (auto [multiplyType, tiles] :
       {std::pair(MultiplyType::F32, WinogradTiles::Off),
        std::pair(MultiplyType::F32, WinogradTiles::F4),
        std::pair(MultiplyType::Bf16, WinogradTiles::Off),
        std::pair(MultiplyType::Bf16, WinogradTiles::F2),
        std::pair(MultiplyType::Bf16, WinogradTiles::F4),
        std::pair(MultiplyType::F16, WinogradTiles::F2),
        std::pair(MultiplyType::Fixed, WinogradTiles::F2),
        std::pair(MultiplyType::Fixed, WinogradTiles::F4)}) {
    SCOPED_TRACE(multiplyTypeName(multiplyType).str() + ", tiles " +
                 std::to_string(static_cast<int>(tiles)));
    choose(multiplyType, tiles);
    KernelDeviation right = check([](ArrayRef<void *>) {});
    EXPECT_TRUE(right.ok()) << right.fault << " " << right.excess();
    EXPECT_EQ(right.compared, right.elements);
    // f16 has 11 digits, of which the last four are changed.
    KernelDeviation one = check([](ArrayRef<void *> operands) {
      addUnits(operands[2], 20 * 20 * 32 - 1, 128);
    });
    EXPECT_FALSE(one.ok()) << one.excess();
    KernelDeviation all = check([](ArrayRef<void *> operands) {
      for (int64_t i = 0; i < 20 * 20 * 32; ++i)
        addUnits(operands[2], i, 16);
    });
    EXPECT_FALSE(all.ok()) << all.excess();
    // Sums must be those of the stored values.
    KernelDeviation sum = check([](ArrayRef<void *> operands) {
      auto *sums = static_cast<float *>(operands[3]);
      sums[31] += 0.01f;
    });
    EXPECT_FALSE(sum.ok()) << sum.excess();
  }
}

// A sample of a few thousand products finds a missing channel or border.
TEST_F(KernelCheckTest, SamplesBordersAndChannels) {
  choose(MultiplyType::F32, WinogradTiles::F2);
  KernelCheckOptions options;
  options.products = 1e6;
  KernelDeviation right = check([](ArrayRef<void *>) {}, options);
  EXPECT_TRUE(right.ok()) << right.fault;
  EXPECT_LT(right.compared, right.elements);
  KernelDeviation channel = check(
      [](ArrayRef<void *> operands) {
        for (int64_t i = 0; i < 20 * 20; ++i)
          addUnits(operands[2], i * 32 + 31, 64);
      },
      options);
  EXPECT_FALSE(channel.ok());
  KernelDeviation border = check(
      [](ArrayRef<void *> operands) {
        for (int64_t i = 0; i < 20 * 32; ++i)
          addUnits(operands[2], 19 * 20 * 32 + i, 64);
      },
      options);
  EXPECT_FALSE(border.ok());
  options.full = true;
  KernelDeviation full = check([](ArrayRef<void *>) {}, options);
  EXPECT_EQ(full.compared, full.elements);
}

/// A convolution of an input of 8 bits, whose scale f32 does not represent.
constexpr char quantizedText[] = R"(
func.func @f(%x: tensor<1x8x8x12x16xf32>, %w: tensor<3x3x3x16x16xf32>) -> tensor<1x8x8x12x16xf32> {
  %y = seg.fusion (%a = %x : tensor<1x8x8x12x16xf32>, %b = %w : tensor<3x3x3x16x16xf32>) -> (tensor<1x8x8x12x16xf32>) {
    %0 = seg.quantize %a scale 0.0123 : tensor<1x8x8x12x16xf32> -> tensor<1x8x8x12x16xi8>
    %1 = seg.dequantize %0 scale 0.0123 : (tensor<1x8x8x12x16xi8>) -> tensor<1x8x8x12x16xf32>
    %2 = seg.conv %1, %b strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<1x8x8x12x16xf32>, tensor<3x3x3x16x16xf32>) -> tensor<1x8x8x12x16xf32>
    seg.yield %2 : tensor<1x8x8x12x16xf32>
  }
  return %y : tensor<1x8x8x12x16xf32>
}
)";

// 16 bits hold the transforms of bytes by tiles of 4 in three dimensions after
// they are divided and rounded, which the check does in the same way.
TEST_F(KernelCheckTest, RoundsTransformsOfBytes) {
  module = parseSourceString<ModuleOp>(quantizedText, &context);
  ASSERT_TRUE(module);
  fusion().setStrategyAttr(cast<seg::StrategyAttr>(parseAttribute(
      "#seg.strategy<winograd, groups = 1, in_place = false, lanes = 8, m = "
      "[4, 4, 4], multiply_type = fixed, nb = 1, tile = [1, 2, 3], ur = 6, "
      "temp_bytes = 152064>",
      &context)));
  KernelDeviation right = check([](ArrayRef<void *>) {});
  EXPECT_TRUE(right.ok()) << right.fault << " " << right.excess();
  // Rounded to other numbers, it would be off by a hundredth.
  KernelDeviation wrong = check([](ArrayRef<void *> operands) {
    auto *values = static_cast<float *>(operands[2]);
    for (int64_t i = 0; i < int64_t{8} * 8 * 12 * 16; ++i)
      values[i] *= i % 2 == 0 ? 1.004F : 0.996F;
  });
  EXPECT_FALSE(wrong.ok()) << wrong.excess();
}

/// A kernel whose task sums the squares of 4096 values sequentially. They have
/// the same sign.
constexpr char statisticsText[] = R"(
func.func @f(%x: tensor<1x16x16x16x16xf16>, %w: tensor<3x3x3x16x16xf32>)
    -> (tensor<1x16x16x16x16xf16>, tensor<1x16xf32>, tensor<1x16xf32>) {
  %y:3 = seg.fusion (%a = %x : tensor<1x16x16x16x16xf16>, %b = %w : tensor<3x3x3x16x16xf32>)
      -> (tensor<1x16x16x16x16xf16>, tensor<1x16xf32>, tensor<1x16xf32>) {
    %0 = seg.cast %a : tensor<1x16x16x16x16xf16> -> tensor<1x16x16x16x16xf32>
    %1 = seg.conv %0, %b strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (tensor<1x16x16x16x16xf32>, tensor<3x3x3x16x16xf32>) -> tensor<1x16x16x16x16xf32>
    %2 = seg.cast %1 : tensor<1x16x16x16x16xf32> -> tensor<1x16x16x16x16xf16>
    %3 = seg.cast %2 : tensor<1x16x16x16x16xf16> -> tensor<1x16x16x16x16xf32>
    %mean, %rstd = seg.norm_stats instance %3 epsilon 1.0e-05 : (tensor<1x16x16x16x16xf32>) -> (tensor<1x16xf32>, tensor<1x16xf32>)
    seg.yield %2, %mean, %rstd : tensor<1x16x16x16x16xf16>, tensor<1x16xf32>, tensor<1x16xf32>
  }
  return %y#0, %y#1, %y#2 : tensor<1x16x16x16x16xf16>, tensor<1x16xf32>, tensor<1x16xf32>
}
)";

// The tolerance of statistics covers sequential summation, but no missing
// value.
TEST_F(KernelCheckTest, FindsAMissingTermOfStatistics) {
  module = parseSourceString<ModuleOp>(statisticsText, &context);
  ASSERT_TRUE(module);
  constexpr int64_t pixels = 16 * 16 * 16, channels = 16;
  choose(MultiplyType::F32, WinogradTiles::Off);
  seg::StrategyAttr strategy = fusion().getStrategyAttr();
  for (bool whole : {false, true}) {
    SCOPED_TRACE(whole);
    // One task sums all pixels of the sample.
    Builder b(&context);
    if (whole) {
      NamedAttrList parameters(strategy.getParameters());
      parameters.set("tile", b.getDenseI64ArrayAttr({16, 16, 16}));
      strategy =
          seg::StrategyAttr::get(&context, strategy.getKind(), parameters,
                                 strategy.getTempBytes(), 2 * 2 * channels * 4);
    }
    fusion().setStrategyAttr(strategy);
    KernelDeviation right = check([](ArrayRef<void *>) {});
    EXPECT_TRUE(right.ok()) << right.fault << " " << right.excess();
    for (bool ofMean : {true, false}) {
      KernelDeviation wrong = check([&](ArrayRef<void *> operands) {
        auto *mean = static_cast<float *>(operands[3]),
             *rstd = static_cast<float *>(operands[4]);
        double variance = 1 / (double(rstd[5]) * rstd[5]);
        // The contribution of one value of the usual size.
        if (ofMean)
          mean[5] -= std::sqrt(variance) / pixels;
        else
          rstd[5] = 1 / std::sqrt(variance - variance / pixels);
      });
      EXPECT_FALSE(wrong.ok()) << ofMean << " " << wrong.excess();
    }
  }
}

/// A kernel that rounds a product to f16 and goes on with it. That of 27 / 64
/// is six units of f32 above the middle between two values of f16.
constexpr char roundedText[] = R"(
!w = tensor<1x16x16x2xf32>
!h = tensor<1x16x16x2xf16>
func.func @f(%x: !w) -> !w {
  %y = seg.fusion (%a = %x : !w) -> (!w) {
    %0 = seg.scale %a by 0.9962387681007385 : !w
    %1 = seg.cast %0 : !w -> !h
    %2 = seg.cast %1 : !h -> !w
    %3 = seg.scale %2 by 3.0 : !w
    seg.yield %3 : !w
  }
  return %y : !w
}
)";

// A value between two of f16 may become either where the error of an f32
// product decides, and nowhere else.
TEST_F(KernelCheckTest, ValuesThatAreRoundedInside) {
  module = parseSourceString<ModuleOp>(roundedText, &context);
  ASSERT_TRUE(module);
  using reference::ElementKind;
  auto halfOf = [](double value) {
    return reference::roundTo(ElementKind::F16, value);
  };
  // Rounds the element whose product is the nearest to the middle between two
  // values, or the farthest from it, to the other one.
  auto round = [&](bool nearest) {
    return check([&](ArrayRef<void *> operands) {
      auto *in = static_cast<const float *>(operands[0]);
      auto *out = static_cast<float *>(operands[1]);
      int64_t chosen = -1;
      double best = 0, other = 0;
      for (int64_t i = 0; i < 16 * 16 * 2; ++i) {
        double product = in[i] * 0.9962387681007385, kept = halfOf(product),
               unit = reference::spacing(ElementKind::F16, product),
               error = std::fabs(product - kept);
        // Not a value of f32, and a large one, so that the unit is that of all.
        if (static_cast<float>(product) == product || std::fabs(kept) < 0.125)
          continue;
        if (chosen >= 0 && (error > best) != nearest)
          continue;
        chosen = i;
        best = error;
        other = halfOf(product + std::copysign(unit, product - kept));
      }
      ASSERT_GE(chosen, 0);
      out[chosen] = static_cast<float>(3 * other);
    });
  };
  KernelDeviation undecided = round(/*nearest=*/true);
  EXPECT_TRUE(undecided.ok()) << undecided.fault << " " << undecided.excess();
  KernelDeviation decided = round(/*nearest=*/false);
  EXPECT_FALSE(decided.ok()) << decided.excess();
}

// A kernel that this processor cannot run is reported as skipped, which is a
// failure.
TEST_F(KernelCheckTest, ASkippedKernelIsAFailure) {
  choose(MultiplyType::F32, WinogradTiles::Off);
  PassManager manager(&context);
  manager.addNestedPass<func::FuncOp>(createPlanMemoryPass());
  manager.addPass(createOutlineProgramsPass({target.spec()}));
  ASSERT_TRUE(succeeded(manager.run(*module)));
  auto countsOn = [&](const Target &processor) {
    VerifyCounts counts;
    for (const KernelReport &report :
         verifyKernels(*module, processor, KernelCheckOptions()))
      counts.add(report);
    return counts;
  };
  VerifyCounts here = countsOn(target);
  EXPECT_EQ(here.checked, 1u);
  EXPECT_EQ(here.skipped, 0u);
  EXPECT_EQ(llvm::toString(here.verdict(/*allowSkipped=*/false)), "");
  auto lacking = std::make_shared<CpuTarget>(
      static_cast<const CpuTarget &>(*target.version));
  lacking->features.push_back("of-no-processor");
  Target other{target.backend, lacking};
  VerifyCounts there = countsOn(other);
  EXPECT_EQ(there.checked, 0u);
  EXPECT_EQ(there.skipped, 1u);
  EXPECT_EQ(llvm::toString(there.verdict(/*allowSkipped=*/false)),
            "1 kernels were not checked; --allow-skipped accepts that");
  EXPECT_EQ(llvm::toString(there.verdict(/*allowSkipped=*/true)), "");
}

TEST_F(KernelCheckTest, FindsNaNsAndInvalidAccesses) {
  choose(MultiplyType::F32, WinogradTiles::Off);
  auto set = [](void *buffer, int64_t element, uint16_t bits) {
    std::memcpy(static_cast<char *>(buffer) + 2 * element, &bits, 2);
  };
  // An element that is never written.
  EXPECT_THAT(check([&](ArrayRef<void *> operands) {
                set(operands[2], 77, 0x7fcd);
              }).fault,
              testing::HasSubstr("element 77 is nan"));
  EXPECT_EQ(check([&](ArrayRef<void *> operands) {
              set(operands[2], 20 * 20 * 32, 0);
            }).fault,
            "access outside a buffer");
  EXPECT_EQ(check([&](ArrayRef<void *> operands) {
              set(operands[0], 5, 0x3c00);
            }).fault,
            "input #0 is written");
}

} // namespace
