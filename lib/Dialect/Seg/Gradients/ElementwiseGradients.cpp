//===- ElementwiseGradients.cpp -------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

/// Sums a gradient of the result's shape to the shape of an operand that was
/// broadcast. Returns null where the dialect has no op for it.
static Value reduceTo(OpBuilder &b, Location loc, Value grad,
                      Type operandType) {
  auto operand = cast<RankedTensorType>(operandType);
  switch (classifyBroadcast(operand, cast<RankedTensorType>(grad.getType()))) {
  case Broadcast::None:
    return grad;
  case Broadcast::PerChannel:
    return ChannelSumOp::create(b, loc, operand, grad);
  case Broadcast::Channel:
    return ChannelTotalOp::create(b, loc, operand, grad);
  default:
    return nullptr;
  }
}

static LogicalResult setReduced(Operation *op, OpBuilder &b, Value grad,
                                unsigned operand,
                                MutableArrayRef<Value> result) {
  result[operand] =
      reduceTo(b, op->getLoc(), grad, op->getOperand(operand).getType());
  if (!result[operand])
    return op->emitOpError("has no adjoint for operand #")
           << operand << ", broadcast from "
           << op->getOperand(operand).getType();
  return success();
}

LogicalResult ReluOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                   MutableArrayRef<Value> result) {
  result[0] = ReluGradOp::create(b, getLoc(), getOutput(), g[0]);
  return success();
}
LogicalResult LeakyReluOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                        ArrayRef<bool>,
                                        MutableArrayRef<Value> result) {
  result[0] = LeakyReluGradOp::create(b, getLoc(), getType(), getOutput(), g[0],
                                      getSlopeAttr());
  return success();
}
LogicalResult SigmoidOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                      ArrayRef<bool>,
                                      MutableArrayRef<Value> result) {
  result[0] = SigmoidGradOp::create(b, getLoc(), getOutput(), g[0]);
  return success();
}
LogicalResult ScaleOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                    MutableArrayRef<Value> result) {
  result[0] = ScaleOp::create(b, getLoc(), g[0], getFactorAttr());
  return success();
}
LogicalResult AddOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                  ArrayRef<bool> needed,
                                  MutableArrayRef<Value> result) {
  for (unsigned i : {0u, 1u})
    if (needed[i] && failed(setReduced(*this, b, g[0], i, result)))
      return failure();
  return success();
}
LogicalResult SubOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                  ArrayRef<bool> needed,
                                  MutableArrayRef<Value> result) {
  if (needed[0] && failed(setReduced(*this, b, g[0], 0, result)))
    return failure();
  if (!needed[1])
    return success();
  Value negated = ScaleOp::create(b, getLoc(), g[0], b.getF64FloatAttr(-1.0));
  return setReduced(*this, b, negated, 1, result);
}
LogicalResult MulOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                  ArrayRef<bool> needed,
                                  MutableArrayRef<Value> result) {
  for (unsigned i : {0u, 1u}) {
    if (!needed[i])
      continue;
    Value product = MulOp::create(b, getLoc(), getOutput().getType(), g[0],
                                  getOperand(1 - i));
    if (failed(setReduced(*this, b, product, i, result)))
      return failure();
  }
  return success();
}
LogicalResult PReluOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                    ArrayRef<bool> needed,
                                    MutableArrayRef<Value> result) {
  if (needed[0])
    result[0] = PReluGradOp::create(b, getLoc(), getOutput().getType(),
                                    getInput(), getSlope(), g[0]);
  if (!needed[1])
    return success();
  Value slopeGrad = PReluSlopeGradOp::create(b, getLoc(), getInput(), g[0]);
  return setReduced(*this, b, slopeGrad, 1, result);
}
LogicalResult DropoutOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                      ArrayRef<bool>,
                                      MutableArrayRef<Value> result) {
  result[0] = DropoutOp::create(b, getLoc(), getOutput().getType(), g[0],
                                getSeed(), getStep(), getSampleOffset(),
                                getRateAttr(), getIdAttr());
  return success();
}
LogicalResult SoftmaxOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                      ArrayRef<bool>,
                                      MutableArrayRef<Value> result) {
  result[0] = SoftmaxGradOp::create(b, getLoc(), getOutput(), g[0]);
  return success();
}
LogicalResult ChannelTotalOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                           ArrayRef<bool>,
                                           MutableArrayRef<Value> result) {
  Value zero = ScaleOp::create(b, getLoc(), getInput(), b.getF64FloatAttr(0.0));
  result[0] = AddOp::create(b, getLoc(), getInput().getType(), zero, g[0]);
  return success();
}
LogicalResult CastOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                   MutableArrayRef<Value> result) {
  result[0] = CastOp::create(b, getLoc(), getInput().getType(), g[0]);
  return success();
}

LogicalResult TopKMeanOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                       ArrayRef<bool>,
                                       MutableArrayRef<Value> result) {
  if (g[1] || g[2] || g[3])
    return emitOpError("has an adjoint for its mean only");
  result[0] =
      TopKMeanGradOp::create(b, getLoc(), getInput().getType(), getInput(),
                             getThreshold(), getWeight(), getTieWeight(), g[0]);
  return success();
}
