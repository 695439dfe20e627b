//===- StrategySelection.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Base/StableSort.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/IR/Remarks.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

FailureOr<StrategyContext>
strategyContext(Operation *op, StringRef target, StringRef winograd,
                StringRef multiplyType, int64_t threads, bool unverifiedKernels,
                StringRef conv) {
  FailureOr<Target> resolved = resolveTarget(op, target);
  if (failed(resolved))
    return failure();
  std::optional<WinogradTiles> tiles = lookupWinogradTiles(winograd);
  if (!tiles)
    return op->emitError("expects winograd to be off, f2, f4 or f6, got '")
           << winograd << "'";
  std::optional<MultiplyTypeSet> types = lookupMultiplyTypeSet(multiplyType);
  if (!types)
    return op->emitError("expects multiply-type to be auto, f32, tf32, bf16, "
                         "f16 or fixed, got '")
           << multiplyType << "'";
  if (threads < 0 || threads > maxThreads)
    return op->emitError("expects threads to be 0 to ")
           << maxThreads << ", got " << threads;
  FailureOr<ConvImplementation> implementation =
      resolveConvImplementation(op, *resolved->backend, conv);
  if (failed(implementation))
    return failure();
  StrategyContext context{*resolved, *tiles,
                          resolved->version->multiplyTypes & *types};
  context.threads = threads;
  context.unverifiedKernels =
      unverifiedKernels || context.target.backend->trustsUnverifiedKernels();
  context.conv = *implementation;
  return context;
}

/// Returns whether the entry computes gradients or changes parameters.
static bool trains(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (auto region = entry.getResultAttrOfType<StringAttr>(i, regionAttrName);
        region &&
        (region.getValue() == "gradients" || region.getValue() == "parameters"))
      return true;
  return false;
}

/// Returns the number of the fusion's input that kernels of the model prepare;
/// -1 if there is none.
static int64_t preparedInput(seg::FusionOp fusion, const KernelModel &model) {
  Operation *root = fusion.getRoot();
  int64_t operand = root ? model.preparedOperand(root) : -1;
  Value read = operand < 0 ? Value() : root->getOperand(operand);
  if (Value source = read ? seg::quantizedSource(read) : Value())
    read = source;
  auto inner = dyn_cast_or_null<BlockArgument>(read);
  return inner ? static_cast<int64_t>(inner.getArgNumber()) : -1;
}

int64_t preparedInput(seg::FusionOp fusion, const TargetBackend &backend) {
  const KernelModel *model = backend.modelOf(fusion);
  return model ? preparedInput(fusion, *model) : -1;
}

bool isParameter(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  auto entry = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  auto region = entry.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                   regionAttrName);
  return region && region.getValue() == "parameters";
}

bool readsConstantOperand(seg::FusionOp fusion, const TargetBackend &backend) {
  if (trains(fusion->getParentOfType<func::FuncOp>()))
    return false;
  return llvm::any_of(
      backend.modelsOf(fusion.getRoot()), [&](const KernelModel *model) {
        int64_t input = preparedInput(fusion, *model);
        return input >= 0 && isParameter(fusion.getInputs()[input]);
      });
}

StrategyContext contextOfFusion(seg::FusionOp fusion, StrategyContext context) {
  context.training = trains(fusion->getParentOfType<func::FuncOp>());
  context.constantOperand =
      readsConstantOperand(fusion, *context.target.backend);
  return context;
}

bool isPrepared(seg::StrategyAttr strategy, const StrategyContext &context) {
  return context.constantOperand && strategy.getTempBytes() > 0;
}

void setStrategy(seg::FusionOp fusion, seg::StrategyAttr strategy,
                 const StrategyContext &context) {
  fusion.setStrategyAttr(strategy.withPrepared(false));
  // Kernels beside a call lay the operand out themselves: a runtime that holds
  // them against the library gives them an operand of its own.
  const KernelModel *model = context.target.backend->modelOf(fusion);
  if (model && model->library().empty())
    fusion.setStrategyAttr(
        strategy.withPrepared(isPrepared(strategy, context)));
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

StrategyProposal cheapestProposal(ArrayRef<const KernelModel *> models,
                                  seg::FusionOp fusion,
                                  const StrategyContext &context) {
  StrategyProposal best;
  for (const KernelModel *model : models)
    if (context.allows(*model))
      for (StrategyProposal &proposal : model->propose(fusion, context))
        if (proposal.strategy && proposal.seconds < best.seconds)
          best = std::move(proposal);
  return best;
}

seg::StrategyAttr selectStrategy(seg::FusionOp fusion,
                                 const StrategyContext &context) {
  Operation *root = fusion.getRoot();
  StrategyProposal best;
  SmallVector<std::string> reasons;
  for (const KernelModel *model : context.target.backend->modelsOf(root))
    for (StrategyProposal &proposal : model->propose(fusion, context)) {
      bool waits = proposal.strategy && !context.allows(*model);
      reasons.push_back(proposal.title + ": " + proposal.reason +
                        (waits ? ", waits for a device" : ""));
      bool isDemanded = context.conv == ConvImplementation::Cudnn &&
                        !model->library().empty();
      if (proposal.strategy && !waits &&
          (!best.strategy || isDemanded || proposal.seconds < best.seconds))
        best = std::move(proposal);
    }
  if (reasons.size() > 1)
    addPlace(remark::analysis(root->getLoc(),
                              remarkOpts("kernel-models", "strategy", root))
                 << llvm::join(reasons, "; "),
             fusion);
  return best.strategy;
}

/// Returns the models that the context allows for the fusion.
static SmallVector<const KernelModel *>
allowedModels(seg::FusionOp fusion, const StrategyContext &context) {
  auto models = context.target.backend->modelsOf(fusion.getRoot());
  llvm::erase_if(models, [&](const KernelModel *model) {
    return !context.allows(*model);
  });
  return models;
}

SmallVector<seg::StrategyAttr>
strategyCandidates(seg::FusionOp fusion, const StrategyContext &context) {
  using Candidate = std::pair<const KernelModel *, StrategyProposal>;
  SmallVector<Candidate, 4> best;
  for (const KernelModel *model : allowedModels(fusion, context))
    for (StrategyProposal &proposal : model->candidates(fusion, context))
      if (proposal.strategy)
        best.push_back({model, std::move(proposal)});
  stableSort(best, [](const Candidate &a, const Candidate &b) {
    return a.second.seconds < b.second.seconds;
  });
  llvm::SetVector<seg::StrategyAttr> strategies;
  for (const auto &[model, proposal] : best)
    strategies.insert(proposal.strategy);
  // The model that is expected to be the fastest adds variations of its
  // strategy.
  if (!best.empty()) {
    const auto &[model, proposal] = best.front();
    for (seg::StrategyAttr other :
         model->variations(fusion, context, proposal.strategy))
      strategies.insert(other);
  }
  return strategies.takeVector();
}

SmallVector<seg::StrategyAttr> strategySamples(seg::FusionOp fusion,
                                               const StrategyContext &context) {
  llvm::SetVector<seg::StrategyAttr> strategies;
  for (const KernelModel *model : allowedModels(fusion, context))
    for (const StrategyProposal &proposal : model->samples(fusion, context))
      if (proposal.strategy)
        strategies.insert(proposal.strategy);
  return strategies.takeVector();
}

} // namespace segc
