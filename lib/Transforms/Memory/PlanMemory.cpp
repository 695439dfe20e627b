//===- PlanMemory.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/ArenaPlan.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Whether nothing but pointwise ops reads the value, or what they make of it.
bool feedsPointwiseOnly(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<seg::YieldOp>(user) || (isa<seg::PointwiseOpInterface>(user) &&
                                       feedsPointwiseOnly(user->getResult(0)));
  });
}

/// Whether the fusion reads input `index` only element by element, at the
/// place it writes, and not in a prologue: the result may then overwrite it.
bool readsPointwiseOnly(seg::FusionOp fusion, unsigned index,
                        RankedTensorType result) {
  BlockArgument argument = fusion.getBody().getArgument(index);
  return cast<RankedTensorType>(argument.getType()).getShape() ==
             result.getShape() &&
         llvm::none_of(argument.getUsers(), llvm::IsaPred<seg::YieldOp>) &&
         feedsPointwiseOnly(argument);
}

/// Lifetimes of one function's values, and their places.
class Planner {
public:
  explicit Planner(func::FuncOp function) : function(function) {
    for (auto fusion : function.getOps<seg::FusionOp>())
      fusions.push_back(fusion);
  }

  int64_t run(bool inPlace, bool reuse);

private:
  struct Storage {
    ArenaInterval interval;
    SmallVector<Value> values;
  };
  void placeResults(seg::FusionOp fusion, int tick, bool inPlace);
  /// The storage of an operand that dies here and may be overwritten.
  int dyingOperand(seg::FusionOp fusion, int tick, Value result);
  bool leavesFunction(Value value) const {
    return llvm::any_of(value.getUsers(), [](Operation *user) {
      return isa<func::ReturnOp>(user);
    });
  }

  func::FuncOp function;
  SmallVector<seg::FusionOp> fusions;
  DenseMap<Value, int> lastUse, storageOf;
  SmallVector<Storage> storages;
  int64_t inPlaceCount = 0;
};

int Planner::dyingOperand(seg::FusionOp fusion, int tick, Value result) {
  for (auto [i, operand] : llvm::enumerate(fusion.getInputs())) {
    auto it = storageOf.find(operand);
    if (it == storageOf.end() || lastUse.lookup(operand) != tick)
      continue;
    Storage &storage = storages[it->second];
    bool ends = storage.interval.last == tick &&
                storage.interval.bytes == seg::tensorBytes(result);
    if (ends &&
        readsPointwiseOnly(fusion, i, cast<RankedTensorType>(result.getType())))
      return it->second;
  }
  return -1;
}

void Planner::placeResults(seg::FusionOp fusion, int tick, bool inPlace) {
  for (Value result : fusion.getResults()) {
    if (leavesFunction(result))
      continue;
    auto use = lastUse.find(result);
    int last = use == lastUse.end() ? tick : use->second;
    int storage = inPlace ? dyingOperand(fusion, tick, result) : -1;
    if (storage >= 0) {
      // Extending the life keeps a second result of this fusion away.
      storages[storage].interval.last = std::max(last, tick + 1);
      ++inPlaceCount;
    } else {
      storage = storages.size();
      storages.push_back({{seg::tensorBytes(result), tick, last}, {}});
    }
    storages[storage].values.push_back(result);
    storageOf[result] = storage;
  }
}

int64_t Planner::run(bool inPlace, bool reuse) {
  for (auto [tick, fusion] : llvm::enumerate(fusions))
    for (Value operand : fusion.getInputs())
      lastUse[operand] = tick;
  DenseMap<Operation *, int> temporaries;
  for (auto [tick, fusion] : llvm::enumerate(fusions)) {
    placeResults(fusion, tick, inPlace);
    DictionaryAttr strategy = fusion.getStrategyAttr();
    auto temp = strategy ? strategy.getAs<IntegerAttr>(strategyTempName)
                         : IntegerAttr();
    // Prepared filters outlive the call: they have a region of their own.
    if (temp && temp.getInt() > 0 && !strategy.get(strategyPreparedName)) {
      temporaries[fusion] = storages.size();
      storages.push_back(
          {{temp.getInt(), static_cast<int>(tick), static_cast<int>(tick)},
           {}});
    }
  }
  auto intervals = llvm::map_to_vector(
      storages, [](const Storage &s) { return s.interval; });
  ArenaPlan plan = planArena(intervals, reuse);
  assert(checkArenaPlan(intervals, plan).empty() &&
         "the planner broke its plan");

  Builder b(function.getContext());
  for (seg::FusionOp fusion : fusions) {
    SmallVector<int64_t> offsets;
    for (Value result : fusion.getResults()) {
      auto it = storageOf.find(result);
      offsets.push_back(it == storageOf.end() ? -1 : plan.offsets[it->second]);
    }
    fusion.setOffsets(offsets);
    if (auto it = temporaries.find(fusion); it != temporaries.end())
      fusion.setTempOffset(plan.offsets[it->second]);
  }
  function->setAttr(arenaAttrName, b.getI64IntegerAttr(plan.bytes));
  function->setAttr(arenaBoundAttrName, b.getI64IntegerAttr(plan.bound));
  return inPlaceCount;
}

struct PlanMemoryPass : segc::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using PlanMemoryPassBase::PlanMemoryPassBase;
  void runOnOperation() override {
    inPlaceCount += Planner(getOperation()).run(inPlace, reuse);
  }
};

} // namespace
