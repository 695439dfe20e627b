//===- PoolOps.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Pooling".

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

static LogicalResult verifyPool(Operation *op, RankedTensorType in,
                                RankedTensorType out, ArrayRef<int64_t> window,
                                ArrayRef<int64_t> strides,
                                ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  int64_t rank = in.getRank() - 2;
  if (rank < 1 || static_cast<int64_t>(window.size()) != rank ||
      static_cast<int64_t>(strides.size()) != rank ||
      out.getRank() != in.getRank()) // pool_c1
    return op->emitOpError("expects a window and a stride for each of the ")
           << rank << " spatial dimensions, got " << window.size() << " and "
           << strides.size();
  for (auto [k, s] : llvm::zip_equal(window, strides))
    if (k < 1 || s < 1) // pool_c2
      return op->emitOpError("expects windows and strides of at least 1, got ")
             << k << " and " << s;
    else if (s > maxStep)
      return op->emitOpError("expects strides of at most ")
             << maxStep << ", got " << s;
  for (auto [name, pads] : {std::pair("pad_low", low), {"pad_high", high}}) {
    if (static_cast<int64_t>(pads.size()) != rank) // avg_pool_c1
      return op->emitOpError("expects ")
             << rank << " values in " << name << ", got " << pads.size();
    for (auto [pad, k] : llvm::zip_equal(pads, window))
      if (pad < 0 || pad >= k || pad > maxStep) // avg_pool_c2
        return op->emitOpError("expects ")
               << name << " from 0 to " << std::min(k - 1, maxStep)
               << ", less than the window, got " << pad;
  }
  for (auto [size, k, l, h] :
       llvm::zip_equal(spatialDims(in), window, low, high))
    if (k > size + l + h) // pool_c4
      return op->emitOpError("expects windows within the input, got ")
             << k << " of " << size + l + h;
  Shape expected =
      convOutputSpatial(spatialDims(in), window, strides, low, high);
  if (ArrayRef<int64_t>(expected) != spatialDims(out) ||
      channels(in) != channels(out) || in.getDimSize(0) != out.getDimSize(0) ||
      in.getElementType() != out.getElementType())
    return op->emitOpError("expects ") // pool_c3
           << activationType(in, expected, channels(in)) << ", got " << out;
  return success();
}

/// Verifies a pooling without padding.
static LogicalResult verifyPool(Operation *op, RankedTensorType in,
                                RankedTensorType out, ArrayRef<int64_t> window,
                                ArrayRef<int64_t> strides) {
  Shape zero(window.size(), 0);
  return verifyPool(op, in, out, window, strides, zero, zero);
}

/// Counts a comparison or addition for each element of each window.
static double poolFlops(RankedTensorType windows, ArrayRef<int64_t> window) {
  return static_cast<double>(windows.getNumElements()) *
         static_cast<double>(ShapedType::getNumElements(window));
}

double MaxPoolOp::flops() {
  return poolFlops(getOutput().getType(), getWindow());
}
double MaxPoolGradOp::flops() {
  return poolFlops(getGrad().getType(), getWindow());
}
double AvgPoolOp::flops() {
  return poolFlops(getOutput().getType(), getWindow());
}
double AvgPoolGradOp::flops() {
  return poolFlops(getGrad().getType(), getWindow());
}

LogicalResult MaxPoolOp::verify() {
  return verifyPool(*this, getInput().getType(), getOutput().getType(),
                    getWindow(), getStrides());
}

LogicalResult MaxPoolGradOp::verify() {
  if (getOutput().getType() != getInput().getType()) // max_pool_grad_c1
    return emitOpError("expects a result of the input's type ")
           << getInput().getType() << ", got " << getOutput().getType();
  for (auto [k, s] : llvm::zip(getWindow(), getStrides()))
    if (s < k) // max_pool_grad_c2
      return emitOpError("expects windows that do not overlap, got window ")
             << k << " at stride " << s;
  return verifyPool(*this, getInput().getType(), getGrad().getType(),
                    getWindow(), getStrides());
}

LogicalResult AvgPoolOp::verify() {
  return verifyPool(*this, getInput().getType(), getOutput().getType(),
                    getWindow(), getStrides(), getPadLow(), getPadHigh());
}

LogicalResult AvgPoolGradOp::verify() {
  return verifyPool(*this, getOutput().getType(), getGrad().getType(),
                    getWindow(), getStrides(), getPadLow(), getPadHigh());
}
