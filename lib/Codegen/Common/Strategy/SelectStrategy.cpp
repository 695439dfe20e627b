//===- SelectStrategy.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SELECTSTRATEGYPASS
#include "segc/Codegen/Common/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct SelectStrategyPass
    : segc::impl::SelectStrategyPassBase<SelectStrategyPass> {
  using SelectStrategyPassBase::SelectStrategyPassBase;

  void runOnOperation() override {
    FailureOr<StrategyContext> context =
        strategyContext(getOperation(), target, winograd, multiplyType, threads,
                        unverifiedKernels, conv);
    if (failed(context))
      return signalPassFailure();
    markUnbatched();
    LayerNames layers(getOperation());
    for (auto fusion : getOperation().getOps<seg::FusionOp>())
      if (failed(select(fusion, *context, layers)))
        return signalPassFailure();
  }

  /// Marks pointwise fusions without batch dimension: those that read
  /// parameters alone, and those that sum the gradients of a parameter with
  /// several users. The results of these are returned as gradients or read by
  /// such a sum.
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
      if (fusion.getRoot())
        continue;
      if (llvm::any_of(fusion.getResults(), [&](Value result) {
            return llvm::any_of(result.getUses(), isGradient);
          }))
        sums.insert(fusion);
      else if (!llvm::all_of(fusion.getInputs(), isParameter))
        continue;
      Builder b(&getContext());
      if (!fusion.getStrategyAttr())
        fusion.setStrategyAttr(seg::StrategyAttr::get(
            &getContext(), pointwiseKind,
            b.getNamedAttr(strategyUnbatchedName, b.getUnitAttr())));
    }
  }

  LogicalResult select(seg::FusionOp fusion, StrategyContext context,
                       LayerNames &layers) {
    Operation *root = fusion.getRoot();
    // A given strategy is kept.
    if (fusion.getStrategyAttr())
      return context.target.backend->verifyStrategy(fusion);
    if (!root) {
      // Without a strategy such fusions have the only kernel of their target.
      if (seg::StrategyAttr strategy = choose(fusion, context))
        fusion.setStrategyAttr(strategy);
      return success();
    }
    context = contextOfFusion(fusion, context);
    if (context.target.backend->modelsOf(root).empty())
      return root->emitOpError("has no kernel for the target ")
             << context.target.backend->name();
    seg::StrategyAttr strategy = choose(fusion, context);
    if (!strategy)
      return root->emitOpError("has no kernel for the target ")
             << context.target.backend->name()
             << " that supports the ops fused with it";
    setStrategy(fusion, strategy, context);
    addPlace(remark::analysis(root->getLoc(),
                              remarkOpts("strategy", "strategy", fusion))
                 << remark::add("{0}: {1}", root->getName(),
                                fusion.getStrategyAttr()),
             fusion, layers);
    return success();
  }

  /// Returns the best strategy, or the one in plain f32 if the decision is
  /// withheld.
  seg::StrategyAttr choose(seg::FusionOp fusion,
                           const StrategyContext &context) {
    seg::StrategyAttr best = selectStrategy(fusion, context);
    if (!getContext().hasActionHandler())
      return best;
    StrategyContext plain = context;
    plain.winograd = WinogradTiles::Off;
    plain.multiplyTypes = {};
    seg::StrategyAttr other = selectStrategy(fusion, plain);
    return best == other || mayDecide<StrategyDecision>(
                                fusion,
                                [&] {
                                  std::string text;
                                  llvm::raw_string_ostream(text)
                                      << fusion.getMainOp()->getName() << ": "
                                      << best;
                                  return text;
                                })
               ? best
               : other;
  }
};

} // namespace
