//===- OptimizerOps.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Optimizers".

#include "KernelNumbers.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

/// Verifies the flat operands, which come first: those that the results
/// replace, and one more, the gradients (for lookahead the old parameters).
static LogicalResult verifyFlat(Operation *op, int64_t decayElements) {
  auto params = cast<RankedTensorType>(op->getOperand(0).getType());
  if (params.getRank() != 1) // optimizer_c1
    return op->emitOpError("expects flat parameters of rank 1, got rank ")
           << params.getRank();
  SmallVector<Type> flat(op->getResultTypes());
  llvm::append_range(
      flat, op->getOperands().take_front(op->getNumResults() + 1).getTypes());
  for (Type type : flat)
    if (type != params) // optimizer_c2
      return op->emitOpError("expects flat tensors of type ")
             << params << ", got " << type;
  if (decayElements < 0 || decayElements > params.getDimSize(0)) // optimizer_c3
    return op->emitOpError("expects decay_elements in [0, ")
           << params.getDimSize(0) << "], got " << decayElements;
  return success();
}

/// Verifies the weight of the old value in a moving mean.
static LogicalResult verifyShare(Operation *op, StringRef name,
                                 const APFloat &value) {
  double share = value.convertToDouble();
  if (!(share >= 0 && share < 1)) // optimizer_c4
    return op->emitOpError("expects ") << name << " in [0, 1), got " << share;
  return success();
}

static LogicalResult verifyEpsilon(Operation *op, const APFloat &epsilon) {
  double value = epsilon.convertToDouble();
  if (!(value >= 0) || !isFiniteF32(value)) // optimizer_c5
    return op->emitOpError("expects a finite epsilon of at least 0, got ")
           << value << beyondF32(value);
  return success();
}

LogicalResult ClipScaleOp::verify() {
  if (getInput().getType().getRank() != 1) // clip_scale_c1
    return emitOpError("expects flat gradients of rank 1, got rank ")
           << getInput().getType().getRank();
  double norm = getMaxNorm().convertToDouble();
  if (!isPositiveF32(norm)) // clip_scale_c2
    return emitOpError("expects a finite max_norm above 0, got ")
           << norm << beyondF32(norm);
  return success();
}

//===----------------------------------------------------------------------===//
// Optimizers of networks
//===----------------------------------------------------------------------===//

FloatAttr OptimizerInputs::number(StringRef name, double fallback) const {
  auto attr = options.getAs<FloatAttr>(name);
  return builder.getF64FloatAttr(attr ? attr.getValueAsDouble() : fallback);
}
UnitAttr OptimizerInputs::flag(StringRef name) const {
  auto attr = options.getAs<BoolAttr>(name);
  return attr && attr.getValue() ? builder.getUnitAttr() : UnitAttr();
}

/// Calls `visit` with every op that is an optimizer, until it returns true.
static void forEachOptimizer(
    MLIRContext *context,
    llvm::function_ref<bool(const OptimizerOpInterface::Concept &)> visit) {
  // All registered ops are searched: the lookup by dialect name fails where ops
  // of another dialect come first.
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (const auto *optimizer = name.getInterface<OptimizerOpInterface>();
        optimizer && visit(*optimizer))
      return;
}

const OptimizerOpInterface::Concept *
segc::seg::findOptimizer(MLIRContext *context, StringRef kind) {
  const OptimizerOpInterface::Concept *found = nullptr;
  forEachOptimizer(context, [&](const OptimizerOpInterface::Concept &it) {
    if (llvm::is_contained(it.getKinds(), kind))
      found = &it;
    return found;
  });
  return found;
}

SmallVector<StringRef> segc::seg::optimizerKinds(MLIRContext *context) {
  SmallVector<StringRef> kinds;
  forEachOptimizer(context, [&](const OptimizerOpInterface::Concept &it) {
    llvm::append_range(kinds, it.getKinds());
    return false;
  });
  llvm::sort(kinds);
  return kinds;
}

//===----------------------------------------------------------------------===//
// adam
//===----------------------------------------------------------------------===//

LogicalResult AdamOp::verify() {
  if (failed(verifyShare(*this, "beta1", getBeta1())) ||
      failed(verifyShare(*this, "beta2", getBeta2())) ||
      failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  return verifyFlat(*this, getDecayElements());
}

SmallVector<StringRef> AdamOp::getKinds() { return {"adam", "adamw", "radam"}; }
Value AdamOp::getSquaresState() { return getSecondMoment(); }
Operation *AdamOp::buildUpdate(const OptimizerInputs &in) {
  OpBuilder &b = in.builder;
  Value step = in.scalar("step");
  Value first = in.state("first_moment", 0),
        second = in.state("second_moment", 0);
  Type flat = in.params.getType();
  StringRef kind = in.options.getAs<StringAttr>("kind").getValue();
  auto flag = [&](bool set) { return set ? b.getUnitAttr() : UnitAttr(); };
  return AdamOp::create(b, in.loc, flat, flat, flat, in.params, in.grads, first,
                        second, in.finite, in.learningRate, in.weightDecay,
                        in.lossScale, step, in.number("beta1", 0.9),
                        in.number("beta2", 0.999), in.number("epsilon", 1e-7),
                        flag(kind == "radam"), flag(kind == "adamw"),
                        in.decayElements);
}

//===----------------------------------------------------------------------===//
// rmsprop
//===----------------------------------------------------------------------===//

LogicalResult RmspropOp::verify() {
  if (failed(verifyShare(*this, "decay", getDecay())) ||
      failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  return verifyFlat(*this, getDecayElements());
}

SmallVector<StringRef> RmspropOp::getKinds() { return {"rmsprop"}; }
Value RmspropOp::getSquaresState() { return getMeanSquare(); }
Operation *RmspropOp::buildUpdate(const OptimizerInputs &in) {
  Value square = in.state("mean_square", 1),
        gradient = in.state("mean_gradient", 0),
        buffer = in.state("momentum", 0);
  Type flat = in.params.getType();
  return RmspropOp::create(
      in.builder, in.loc, flat, flat, flat, flat, in.params, in.grads, square,
      gradient, buffer, in.finite, in.learningRate, in.scalar("momentum"),
      in.weightDecay, in.lossScale, in.number("decay", 0.9),
      in.number("epsilon", 1e-10), in.decayElements);
}

//===----------------------------------------------------------------------===//
// sgd
//===----------------------------------------------------------------------===//

LogicalResult SgdOp::verify() { return verifyFlat(*this, getDecayElements()); }

SmallVector<StringRef> SgdOp::getKinds() { return {"sgd"}; }
Operation *SgdOp::buildUpdate(const OptimizerInputs &in) {
  Value velocity = in.state("velocity", 0);
  Type flat = in.params.getType();
  return SgdOp::create(in.builder, in.loc, flat, flat, in.params, in.grads,
                       velocity, in.finite, in.learningRate,
                       in.scalar("momentum"), in.weightDecay, in.lossScale,
                       in.flag("nesterov"), in.decayElements);
}

//===----------------------------------------------------------------------===//
// lookahead
//===----------------------------------------------------------------------===//

LogicalResult LookaheadOp::verify() {
  if (static_cast<int64_t>(getSync()) < 1) // lookahead_c1
    return emitOpError("expects sync of at least 1, got ")
           << static_cast<int64_t>(getSync());
  double alpha = getAlpha().convertToDouble();
  if (!(alpha >= 0 && alpha <= 1)) // lookahead_c2
    return emitOpError("expects alpha in [0, 1], got ") << alpha;
  return verifyFlat(*this, 0);
}
