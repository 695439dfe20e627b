//===- NarrowFilters.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_NARROWFILTERSPASS
#include "segc/Codegen/Common/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// The type in memory of what is multiplied in 16 bits; null for others.
FloatType narrowType(MLIRContext *context, MultiplyType multiplyType) {
  if (multiplyType == MultiplyType::Bf16)
    return BFloat16Type::get(context);
  if (multiplyType == MultiplyType::F16)
    return Float16Type::get(context);
  return {};
}

/// Lets the fusion read an input in another type, and widen it.
void readNarrow(seg::FusionOp fusion, unsigned input, Value narrow) {
  BlockArgument argument = fusion.getBody().getArgument(input);
  OpBuilder b = OpBuilder::atBlockBegin(argument.getOwner());
  auto wide = cast<RankedTensorType>(argument.getType());
  fusion->setOperand(input, narrow);
  argument.setType(narrow.getType());
  auto read = seg::CastOp::create(b, fusion.getLoc(), wide, argument);
  argument.replaceAllUsesExcept(read, read);
}

/// Undoes readNarrow.
void readWide(seg::FusionOp fusion, unsigned input, Value wide) {
  BlockArgument argument = fusion.getBody().getArgument(input);
  auto read = cast<seg::CastOp>(*argument.user_begin());
  fusion->setOperand(input, wide);
  argument.setType(wide.getType());
  read.replaceAllUsesWith(argument);
  read.erase();
}

struct NarrowFiltersPass
    : segc::impl::NarrowFiltersPassBase<NarrowFiltersPass> {
  using NarrowFiltersPassBase::NarrowFiltersPassBase;

  void runOnOperation() override {
    FailureOr<StrategyContext> context =
        strategyContext(getOperation(), target, winograd, multiplyType, threads,
                        unverifiedKernels, conv);
    if (failed(context))
      return signalPassFailure();
    if (!context->target.backend->horizontalModel())
      return;
    LayerNames layers(getOperation());
    for (auto fusion : getOperation().getOps<seg::FusionOp>())
      if (fusion.getRoot() && !fusion.getStrategyAttr())
        narrowFilter(fusion, contextOfFusion(fusion, *context), layers);
    for (auto &[key, copy] : copies)
      if (copy.use_empty())
        copy.erase();
    copies.clear();
  }

private:
  void narrowFilter(seg::FusionOp fusion, const StrategyContext &context,
                    LayerNames &layers);
  seg::FusionOp copyOf(Value filter, FloatType type);

  /// Fusions that round parameters to 16 bits, by parameter and type.
  llvm::MapVector<std::pair<Value, Type>, seg::FusionOp> copies;
};

seg::FusionOp NarrowFiltersPass::copyOf(Value filter, FloatType type) {
  seg::FusionOp &copy = copies[{filter, type}];
  if (copy)
    return copy;
  OpBuilder b = OpBuilder::atBlockBegin(&getOperation().getBody().front());
  auto wide = cast<RankedTensorType>(filter.getType());
  copy = seg::FusionOp::create(b, filter.getLoc(), wide.clone(type), filter,
                               seg::StrategyAttr(), DenseI64ArrayAttr(),
                               IntegerAttr());
  Block *body = b.createBlock(&copy.getBody());
  Value argument = body->addArgument(wide, filter.getLoc());
  Value rounded =
      seg::CastOp::create(b, filter.getLoc(), wide.clone(type), argument);
  seg::YieldOp::create(b, filter.getLoc(), rounded);
  return copy;
}

void NarrowFiltersPass::narrowFilter(seg::FusionOp fusion,
                                     const StrategyContext &context,
                                     LayerNames &layers) {
  Operation *root = fusion.getRoot();
  const TargetBackend &backend = *context.target.backend;
  auto models = backend.modelsOf(root);
  if (!context.training || llvm::any_of(models, [&](const KernelModel *model) {
        return model->computesAlone(root, context);
      }))
    return;
  StrategyProposal wide = cheapestProposal(models, fusion, context);
  MultiplyType multiplied = productWork(wide.strategy).multiplyType;
  FloatType type = narrowType(&getContext(), multiplied);
  if (!wide.strategy || !type)
    return;
  fusion.setStrategyAttr(wide.strategy);
  int64_t input = preparedInput(fusion, backend);
  fusion.removeStrategyAttr();
  if (input < 0 || !isParameter(fusion.getInputs()[input]))
    return;
  Value filter = fusion.getInputs()[input];
  if (!getElementTypeOrSelf(filter).isF32())
    return;
  readNarrow(fusion, input, copyOf(filter, type).getResult(0));
  StrategyProposal narrow = cheapestProposal(models, fusion, context);
  const char *reason =
      !narrow.strategy ||
              productWork(narrow.strategy).multiplyType != multiplied
          ? "no kernel multiplies it in the same type"
      : narrow.seconds >= wide.seconds
          ? "the kernel that rounds it itself is as fast"
      : !mayDecide<StrategyDecision>(
            fusion, [] { return std::string("filter in 16 bits"); })
          ? "out of fuel"
          : nullptr;
  if (reason) {
    readWide(fusion, input, filter);
    addPlace(remark::missed(root->getLoc(),
                            remarkOpts("filter-kept", "strategy", fusion))
                 << remark::add("{0}: f32", root->getName())
                 << remark::reason("{0}", reason),
             fusion, layers);
    return;
  }
  ++narrowed;
  addPlace(remark::passed(root->getLoc(),
                          remarkOpts("filter-narrowed", "strategy", fusion))
               << remark::add("{0}: {1}", root->getName(), type),
           fusion, layers);
}

} // namespace
