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

/// Each result replaces a flat operand; the gradients (of lookahead: the old
/// parameters) are the one flat operand more, and flat operands come first.
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

/// The share of the old value in a moving mean.
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

LogicalResult AdamOp::verify() {
  if (failed(verifyShare(*this, "beta1", getBeta1())) ||
      failed(verifyShare(*this, "beta2", getBeta2())) ||
      failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  return verifyFlat(*this, getDecayElements());
}
LogicalResult RmspropOp::verify() {
  if (failed(verifyShare(*this, "decay", getDecay())) ||
      failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  return verifyFlat(*this, getDecayElements());
}
LogicalResult SgdOp::verify() { return verifyFlat(*this, getDecayElements()); }
LogicalResult LookaheadOp::verify() {
  if (static_cast<int64_t>(getSync()) < 1) // lookahead_c1
    return emitOpError("expects sync of at least 1, got ")
           << static_cast<int64_t>(getSync());
  double alpha = getAlpha().convertToDouble();
  if (!(alpha >= 0 && alpha <= 1)) // lookahead_c2
    return emitOpError("expects alpha in [0, 1], got ") << alpha;
  return verifyFlat(*this, 0);
}
