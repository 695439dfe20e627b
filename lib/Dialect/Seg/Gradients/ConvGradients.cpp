//===- ConvGradients.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult ConvOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                   ArrayRef<bool> needed,
                                   MutableArrayRef<Value> result) {
  Value dy = grads[0];
  if (needed[0])
    result[0] = ConvInputGradOp::create(
        b, getLoc(), getInput().getType(), dy, getFilter(), getStrides(),
        getPadLow(), getPadHigh(), getDilationsAttr(), getGroups(),
        getTransposeFilter(), /*first_channel=*/0);
  if (needed[1])
    result[1] = ConvFilterGradOp::create(
        b, getLoc(), getFilter().getType(), getInput(), dy, getStrides(),
        getPadLow(), getPadHigh(), getDilationsAttr(), getGroups(),
        getTransposeFilter());
  if (getBias() && needed[2])
    result[2] = ChannelSumOp::create(b, getLoc(), getBias().getType(), dy);
  return success();
}

// A transposed convolution is the input gradient of a convolution whose filter
// has the last two dimensions exchanged. Its adjoints are that convolution and
// its filter gradient.
LogicalResult ConvTransposeOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                            ArrayRef<bool> needed,
                                            MutableArrayRef<Value> result) {
  Value dy = grads[0];
  if (needed[0])
    result[0] = ConvOp::create(b, getLoc(), getInput().getType(), dy,
                               getFilter(), /*bias=*/Value(), getStrides(),
                               getPadLow(), getPadHigh(), getDilationsAttr(),
                               getGroups(), /*transpose_filter=*/true);
  if (needed[1])
    result[1] = ConvFilterGradOp::create(
        b, getLoc(), getFilter().getType(), dy, getInput(), getStrides(),
        getPadLow(), getPadHigh(), getDilationsAttr(), getGroups(),
        /*transpose_filter=*/true);
  if (getBias() && needed[2])
    result[2] = ChannelSumOp::create(b, getLoc(), getBias().getType(), dy);
  return success();
}

LogicalResult ChannelSumOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                         ArrayRef<bool> needed,
                                         MutableArrayRef<Value> result) {
  // Adding to 0 * input broadcasts grad[c] over the positions.
  Value zero = ScaleOp::create(b, getLoc(), getInput(), b.getF64FloatAttr(0.0));
  result[0] = AddOp::create(b, getLoc(), getInput().getType(), zero, grads[0]);
  return success();
}
