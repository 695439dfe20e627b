//===- SelectStrategy.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/StrategyChoice.h"
#include "mlir/IR/Remarks.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SELECTCPUSTRATEGYPASS
#include "segc/Codegen/CPU/Passes.h.inc"
} // namespace segc

using namespace segc;

FailureOr<CpuStrategyContext>
segc::cpuStrategyContext(Operation *op, StringRef cpu, StringRef winograd,
                         StringRef multiplyType, int64_t threads) {
  std::optional<CpuTarget> target = lookupCpuTarget(cpu);
  if (!target)
    return op->emitError("expects one of ")
           << llvm::join(cpuTargetNames(), ", ") << ", got '" << cpu << "'";
  std::optional<WinogradTiles> tiles = lookupWinogradTiles(winograd);
  if (!tiles)
    return op->emitError("expects winograd to be off, f2 or f4, got '")
           << winograd << "'";
  std::optional<MultiplyTypeSet> allowed = lookupMultiplyTypeSet(multiplyType);
  if (!allowed)
    return op->emitError("expects multiply-type to be auto, f32, bf16, f16 or "
                         "fixed, got '")
           << multiplyType << "'";
  if (threads < 0 || threads > maxThreads)
    return op->emitError("expects threads to be 0 to ")
           << maxThreads << ", got " << threads;
  CpuStrategyContext context{*target, *tiles};
  context.allowedMultiplyTypes = target->multiplyTypes & *allowed;
  context.threads = threads;
  return context;
}

/// Whether the entry computes gradients or changes parameters.
static bool trains(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (auto region = entry.getResultAttrOfType<StringAttr>(i, regionAttrName);
        region &&
        (region.getValue() == "gradients" || region.getValue() == "parameters"))
      return true;
  return false;
}

bool segc::readsConstantFilter(seg::FusionOp fusion) {
  auto root = cast<CpuKernelOpInterface>(fusion.getRoot());
  auto entry = fusion->getParentOfType<func::FuncOp>();
  if (root.preparedOperand() < 0 || trains(entry))
    return false;
  auto inner =
      dyn_cast<BlockArgument>(root->getOperand(root.preparedOperand()));
  auto outer =
      inner ? dyn_cast<BlockArgument>(fusion.getInputs()[inner.getArgNumber()])
            : BlockArgument();
  auto region = outer ? entry.getArgAttrOfType<StringAttr>(outer.getArgNumber(),
                                                           regionAttrName)
                      : StringAttr();
  return region && region.getValue() == "parameters";
}

CpuStrategyContext segc::contextOfFusion(seg::FusionOp fusion,
                                         CpuStrategyContext context) {
  context.training = trains(fusion->getParentOfType<func::FuncOp>());
  context.constantFilter = readsConstantFilter(fusion);
  return context;
}

bool segc::isPrepared(DictionaryAttr strategy,
                      const CpuStrategyContext &context) {
  return context.constantFilter &&
         strategyBytes(strategy, strategyTempName) > 0;
}

void segc::setCpuStrategy(seg::FusionOp fusion, DictionaryAttr strategy,
                          const CpuStrategyContext &context) {
  NamedAttrList entries(strategy);
  if (isPrepared(strategy, context))
    entries.set(strategyPreparedName, UnitAttr::get(fusion.getContext()));
  fusion.setStrategyAttr(entries.getDictionary(fusion.getContext()));
}

namespace {

struct SelectCpuStrategyPass
    : segc::impl::SelectCpuStrategyPassBase<SelectCpuStrategyPass> {
  using SelectCpuStrategyPassBase::SelectCpuStrategyPassBase;

  void runOnOperation() override {
    FailureOr<CpuStrategyContext> context = cpuStrategyContext(
        getOperation(), cpu, winograd, multiplyType, threads);
    if (failed(context))
      return signalPassFailure();
    markUnbatched();
    LayerNames layers(getOperation());
    for (auto fusion : getOperation().getOps<seg::FusionOp>())
      if (failed(select(fusion, *context, layers)))
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
      bool sum = !fusion.getRoot() &&
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

  LogicalResult select(seg::FusionOp fusion, CpuStrategyContext context,
                       LayerNames &layers) {
    Operation *root = fusion.getRoot();
    // One that was given: what comes next reads it.
    if (fusion.getStrategyAttr())
      return verifyStrategyMemory(fusion);
    if (!root)
      return success();
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    if (!kernel)
      return root->emitOpError("has no CPU kernel");
    context = contextOfFusion(fusion, context);
    setCpuStrategy(fusion, choose(fusion, kernel, context), context);
    addPlace(remark::analysis(root->getLoc(),
                              remarkOpts("strategy", "strategy", fusion))
                 << remark::add("{0}: {1}", root->getName(),
                                fusion.getStrategyAttr()),
             fusion, layers);
    return success();
  }

  /// The best, unless that decision is withheld.
  DictionaryAttr choose(seg::FusionOp fusion, CpuKernelOpInterface kernel,
                        const CpuStrategyContext &context) {
    DictionaryAttr best = kernel.selectCpuStrategy(fusion, context);
    if (!getContext().hasActionHandler())
      return best;
    CpuStrategyContext plain = context;
    plain.winograd = WinogradTiles::Off;
    plain.allowedMultiplyTypes = {};
    DictionaryAttr other = kernel.selectCpuStrategy(fusion, plain);
    return best == other || mayDecide<StrategyDecision>(
                                fusion,
                                [&] {
                                  std::string text;
                                  llvm::raw_string_ostream(text)
                                      << kernel->getName() << ": " << best;
                                  return text;
                                })
               ? best
               : other;
  }
};

} // namespace
