//===- NetworkPlansTest.cpp - Memory plans of the networks in models ------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Lifetimes are computed again from the planned text, by another rule than the
// planner's: tick by tick, the values that a later fusion reads are alive.

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Transforms/Passes.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// One range of the arena, with the value it is for; null for a temporary.
struct Range {
  int64_t low, high;
  Value value;
};

bool overlap(const Range &a, const Range &b) {
  return a.low < b.high && b.low < a.high;
}

/// Whether the result may be written where the input is read: every op that
/// reads the input does so element by element, at equal shapes.
bool mayOverwrite(seg::FusionOp fusion, Value input, Value result) {
  if (input.getType() != result.getType())
    return false;
  for (OpOperand &operand : fusion->getOpOperands()) {
    if (operand.get() != input)
      continue;
    for (Operation *user :
         fusion.getBody().getArgument(operand.getOperandNumber()).getUsers())
      if (!isa<seg::PointwiseOpInterface>(user))
        return false;
  }
  return true;
}

class PlanChecker {
public:
  explicit PlanChecker(func::FuncOp entry)
      : fusions(llvm::to_vector(entry.getOps<seg::FusionOp>())) {
    arena = entry->getAttrOfType<IntegerAttr>(arenaAttrName).getInt();
    for (auto [tick, fusion] : llvm::enumerate(fusions))
      tickOf[fusion] = tick;
  }

  void check() {
    SmallVector<Range> alive;
    for (auto [tick, fusion] : llvm::enumerate(fusions)) {
      SmallVector<Range> born = ranges(fusion);
      for (size_t i = 0; i < born.size(); ++i) {
        EXPECT_GE(born[i].low, 0);
        EXPECT_LE(born[i].high, arena);
        EXPECT_EQ(born[i].low % 64, 0);
        for (size_t j = 0; j < i; ++j)
          EXPECT_FALSE(overlap(born[i], born[j]))
              << "two results of kernel " << tick;
        for (const Range &old : alive)
          checkPair(fusion, tick, old, born[i]);
      }
      alive.append(born);
      llvm::erase_if(
          alive, [&](const Range &range) { return !isReadAfter(range, tick); });
      bound = std::max(bound, liveBytes(alive, fusion, born, tick));
    }
  }

  int64_t arena = 0, bound = 0, inPlace = 0;

private:
  SmallVector<Range> ranges(seg::FusionOp fusion) {
    SmallVector<Range> result;
    for (auto [value, offset] :
         llvm::zip_equal(fusion.getResults(), *fusion.getOffsets()))
      if (offset >= 0)
        result.push_back({offset, offset + bytesOf(value), value});
    DictionaryAttr strategy = fusion.getStrategyAttr();
    if (auto temp = strategy ? strategy.getAs<IntegerAttr>("temp_bytes")
                             : IntegerAttr();
        temp && temp.getInt() > 0) {
      // Prepared filters lie in a region of their own.
      bool inArena = !strategy.get("prepared");
      EXPECT_EQ(fusion.getTempOffset().has_value(), inArena);
      if (!inArena)
        return result;
      int64_t low = fusion.getTempOffset().value_or(0);
      result.push_back({low, low + temp.getInt(), nullptr});
    }
    return result;
  }

  void checkPair(seg::FusionOp fusion, int tick, const Range &old,
                 const Range &fresh) {
    if (!overlap(old, fresh))
      return;
    bool dies = !isReadAfter(old, tick);
    EXPECT_TRUE(dies) << "kernel " << tick
                      << " overwrites a value that is read later";
    EXPECT_TRUE(fresh.value && old.low == fresh.low &&
                mayOverwrite(fusion, old.value, fresh.value))
        << "kernel " << tick
        << " writes over an operand that it does not read element by element";
    ++inPlace;
  }

  bool isReadAfter(const Range &range, int tick) {
    return range.value &&
           llvm::any_of(range.value.getUsers(), [&](Operation *user) {
             return isa<seg::FusionOp>(user) && tickOf.lookup(user) > tick;
           });
  }

  /// Bytes that this kernel needs at once, those shared in place once.
  int64_t liveBytes(ArrayRef<Range> after, seg::FusionOp fusion,
                    ArrayRef<Range> born, int tick) {
    SmallVector<Range> live(after);
    auto add = [&](const Range &range) {
      if (llvm::none_of(live, [&](const Range &other) {
            return other.low == range.low && overlap(other, range);
          }))
        live.push_back(range);
    };
    for (const Range &range : born)
      add(range);
    for (Value input : fusion.getInputs())
      if (auto producer = input.getDefiningOp<seg::FusionOp>())
        if (int64_t low =
                (*producer
                      .getOffsets())[cast<OpResult>(input).getResultNumber()];
            low >= 0)
          add({low, low + bytesOf(input), input});
    int64_t bytes = 0;
    for (const Range &range : live)
      bytes += (range.high - range.low + 63) / 64 * 64;
    return bytes;
  }

  SmallVector<seg::FusionOp> fusions;
  DenseMap<Operation *, int> tickOf;
};

struct Plan {
  CompilerContext context;
  OwningOpRef<ModuleOp> module;

  Plan(StringRef model, const PipelineOptions &options) {
    module = parseSourceFile<ModuleOp>(std::string(SEGC_SOURCE_DIR "/models/") +
                                           model.str() + ".mlir",
                                       &context);
    PassManager manager(&context);
    for (size_t i = 0; i <= *findPhase("plan"); ++i)
      populatePhase(manager, phases()[i].name, options);
    if (module && failed(manager.run(*module)))
      module = nullptr;
  }
};

class NetworkPlans : public testing::TestWithParam<const char *> {};

// No two values that are alive at one time share bytes, but for results that
// take the place of an operand; and arenas are close to the least possible.
TEST_P(NetworkPlans, AreValidAndTight) {
  for (const char *cpu : {"x86-64-v3", "x86-64-v4"}) {
    PipelineOptions options;
    options.cpu = cpu;
    Plan plan(GetParam(), options);
    ASSERT_TRUE(plan.module);
    for (auto entry : plan.module->getOps<func::FuncOp>()) {
      SCOPED_TRACE(cpu + (" " + entry.getName()).str());
      PlanChecker checker(entry);
      checker.check();
      int64_t stated =
          entry->getAttrOfType<IntegerAttr>(arenaBoundAttrName).getInt();
      double ratio = checker.bound
                         ? static_cast<double>(checker.arena) / checker.bound
                         : 1;
      std::printf("%-12s %-10s %-14s arena %12lld  bound %12lld  ratio %.4f  "
                  "in place %lld\n",
                  GetParam(), cpu, entry.getName().str().c_str(),
                  static_cast<long long>(checker.arena),
                  static_cast<long long>(checker.bound), ratio,
                  static_cast<long long>(checker.inPlace));
      // The planner lets a life in place last a tick longer.
      EXPECT_GE(stated, checker.bound);
      EXPECT_LE(stated, checker.arena);
      EXPECT_LE(ratio, 1.03);
    }
  }
}

// Without in-place computation no two values share bytes at all; without
// reuse no two values of an entry do.
TEST_P(NetworkPlans, HoldWithoutInPlaceAndReuse) {
  PipelineOptions options;
  options.inPlace = false;
  Plan apart(GetParam(), options);
  options.reuse = false;
  Plan alone(GetParam(), options);
  ASSERT_TRUE(apart.module && alone.module);
  for (auto [a, b] : llvm::zip_equal(apart.module->getOps<func::FuncOp>(),
                                     alone.module->getOps<func::FuncOp>())) {
    PlanChecker checker(a), loose(b);
    checker.check();
    loose.check();
    EXPECT_EQ(checker.inPlace, 0);
    EXPECT_EQ(loose.inPlace, 0);
    EXPECT_LE(checker.arena, loose.arena);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, NetworkPlans,
                         testing::Values("unet2d", "vnet", "nnunet_04_3d",
                                         "nnunet_04_2d"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
