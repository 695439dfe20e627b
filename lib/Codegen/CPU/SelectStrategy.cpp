//===- SelectStrategy.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SELECTCPUSTRATEGYPASS
#include "segc/Codegen/CPU/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct SelectCpuStrategyPass
    : segc::impl::SelectCpuStrategyPassBase<SelectCpuStrategyPass> {
  using SelectCpuStrategyPassBase::SelectCpuStrategyPassBase;

  void runOnOperation() override {
    std::optional<CpuTarget> target = lookupCpuTarget(cpu);
    if (!target) {
      getOperation().emitError("expects one of ")
          << llvm::join(cpuTargetNames(), ", ") << ", got '" << cpu << "'";
      return signalPassFailure();
    }
    std::optional<WinogradTiles> tiles = lookupWinogradTiles(winograd);
    if (!tiles) {
      getOperation().emitError("expects winograd to be off, f2 or f4, got '")
          << winograd << "'";
      return signalPassFailure();
    }
    markUnbatched();
    for (auto fusion : getOperation().getOps<seg::FusionOp>())
      if (failed(select(fusion, {*target, *tiles})))
        return signalPassFailure();
  }

  /// Marks pointwise fusions that sum the gradients of a filter with several
  /// users: their results are returned as gradients, or read by such a sum.
  void markUnbatched() {
    func::FuncOp entry = getOperation();
    llvm::SmallDenseSet<Operation *> sums;
    auto isGradient = [&](OpOperand &use) {
      if (sums.contains(use.getOwner()))
        return true;
      auto region = isa<func::ReturnOp>(use.getOwner())
                        ? entry.getResultAttrOfType<StringAttr>(
                              use.getOperandNumber(), regionAttrName)
                        : StringAttr();
      return region && region.getValue() == "gradients";
    };
    auto fusions = llvm::to_vector(entry.getOps<seg::FusionOp>());
    for (seg::FusionOp fusion : llvm::reverse(fusions)) {
      bool sum = !fusionRoot(fusion) &&
                 llvm::any_of(fusion.getResults(), [&](Value result) {
                   return llvm::any_of(result.getUses(), isGradient);
                 });
      if (!sum)
        continue;
      sums.insert(fusion);
      Builder b(&getContext());
      if (!fusion.getStrategyAttr())
        fusion.setStrategyAttr(b.getDictionaryAttr(
            {b.getNamedAttr(strategyKindName, b.getStringAttr("pointwise")),
             b.getNamedAttr(strategyUnbatchedName, b.getUnitAttr())}));
    }
  }

  /// Whether the root's operand is a parameter that no step of this entry
  /// changes: what is laid out once stays true.
  bool readsConstantFilter(seg::FusionOp fusion, Operation *root,
                           int64_t operand) {
    if (operand < 0)
      return false;
    func::FuncOp entry = getOperation();
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      if (auto region =
              entry.getResultAttrOfType<StringAttr>(i, regionAttrName);
          region && (region.getValue() == "gradients" ||
                     region.getValue() == "parameters"))
        return false;
    auto inner = dyn_cast<BlockArgument>(root->getOperand(operand));
    auto outer =
        inner
            ? dyn_cast<BlockArgument>(fusion.getInputs()[inner.getArgNumber()])
            : BlockArgument();
    auto region = outer ? entry.getArgAttrOfType<StringAttr>(
                              outer.getArgNumber(), regionAttrName)
                        : StringAttr();
    return region && region.getValue() == "parameters";
  }

  LogicalResult select(seg::FusionOp fusion, CpuStrategyContext context) {
    Operation *root = fusionRoot(fusion);
    if (!root || fusion.getStrategyAttr())
      return success();
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    if (!kernel)
      return root->emitOpError("has no CPU kernel");
    context.constantFilter =
        readsConstantFilter(fusion, root, kernel.preparedOperand());
    DictionaryAttr strategy = kernel.selectCpuStrategy(fusion, context);
    if (context.constantFilter &&
        strategy.getAs<IntegerAttr>(strategyTempName).getInt() > 0) {
      NamedAttrList entries(strategy);
      entries.set(strategyPreparedName, UnitAttr::get(&getContext()));
      strategy = entries.getDictionary(&getContext());
    }
    fusion.setStrategyAttr(strategy);
    remark::analysis(root->getLoc(),
                     remark::RemarkOpts::name("strategy").category("strategy"))
        << remark::add("{0}: {1}", root->getName(), strategy);
    return success();
  }
};

} // namespace
