//===- LossGradients.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult DiceOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                   MutableArrayRef<Value> result) {
  if (g[1] || g[2])
    return emitOpError("has an adjoint for its loss only");
  result[0] = DiceGradOp::create(
      b, getLoc(), getLogits().getType(), getLogits(), getLabels(), getSums(),
      g[0], getSquared(), getBatchReduce(), getExcludeBackground(),
      getSumClasses(), getSmooth(), getMasked(), getRegionsAttr(),
      getIgnoredAttr());
  return success();
}

LogicalResult
WeightedCrossEntropyOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                     MutableArrayRef<Value> result) {
  if (g[1])
    return emitOpError("has an adjoint for its loss only");
  result[0] = WeightedCrossEntropyGradOp::create(
      b, getLoc(), getLogits().getType(), getLogits(), getLabels(),
      getTotalWeight(), g[0], getClassWeights(), getFocalGamma());
  return success();
}

LogicalResult CrossEntropyOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                           ArrayRef<bool>,
                                           MutableArrayRef<Value> result) {
  result[0] = CrossEntropyGradOp::create(b, getLoc(), getLogits().getType(),
                                         getLogits(), getLabels(), g[0],
                                         getFocalGamma());
  return success();
}

LogicalResult
BinaryCrossEntropyOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                   MutableArrayRef<Value> result) {
  if (g[1])
    return emitOpError("has an adjoint for its loss only");
  result[0] = BinaryCrossEntropyGradOp::create(
      b, getLoc(), getLogits().getType(), getLogits(), getLabels(), getVoxels(),
      g[0], getRegions(), getIgnoredAttr(), getSumClasses());
  return success();
}

LogicalResult VoxelCrossEntropyOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                                ArrayRef<bool>,
                                                MutableArrayRef<Value> result) {
  result[0] = VoxelCrossEntropyGradOp::create(
      b, getLoc(), getLogits().getType(), getLogits(), getLabels(), g[0],
      getMasked());
  return success();
}
