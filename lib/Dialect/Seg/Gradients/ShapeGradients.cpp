//===- ShapeGradients.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult ConcatOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                     ArrayRef<bool> needed,
                                     MutableArrayRef<Value> result) {
  int64_t offset = 0;
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    if (needed[i])
      result[i] = SliceChannelsOp::create(b, getLoc(), input.getType(), g[0],
                                          b.getI64IntegerAttr(offset));
    offset += channels(cast<RankedTensorType>(input.getType()));
  }
  return success();
}

LogicalResult SliceChannelsOp::buildAdjoint(OpBuilder &b, ValueRange g,
                                            ArrayRef<bool>,
                                            MutableArrayRef<Value> result) {
  // The gradient is padded with zeros on both sides: slices of the input,
  // scaled by 0.
  auto type = getInput().getType();
  auto zeros = [&](int64_t from, int64_t count) -> Value {
    auto sliceType = activationType(type, spatialDims(type), count);
    Value slice = SliceChannelsOp::create(b, getLoc(), sliceType, getInput(),
                                          b.getI64IntegerAttr(from));
    return ScaleOp::create(b, getLoc(), slice, b.getF64FloatAttr(0.0));
  };
  int64_t offset = getOffset(), end = offset + channels(getOutput().getType());
  SmallVector<Value> parts;
  if (offset > 0)
    parts.push_back(zeros(0, offset));
  parts.push_back(g[0]);
  if (end < channels(type))
    parts.push_back(zeros(end, channels(type) - end));
  result[0] = ConcatOp::create(b, getLoc(), type, parts);
  return success();
}

LogicalResult CropOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                   MutableArrayRef<Value> result) {
  result[0] =
      PadOp::create(b, getLoc(), getInput().getType(), g[0], getOffsets());
  return success();
}
LogicalResult PadOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                  MutableArrayRef<Value> result) {
  result[0] = CropOp::create(b, getLoc(), getInput().getType(), g[0], getLow());
  return success();
}
LogicalResult ResizeOp::buildAdjoint(OpBuilder &b, ValueRange g, ArrayRef<bool>,
                                     MutableArrayRef<Value> result) {
  result[0] =
      ResizeGradOp::create(b, getLoc(), getInput().getType(), g[0], getMode());
  return success();
}
