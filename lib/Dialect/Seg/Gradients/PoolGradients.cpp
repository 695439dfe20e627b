//===- PoolGradients.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult MaxPoolOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                      ArrayRef<bool> needed,
                                      MutableArrayRef<Value> result) {
  for (auto [k, s] : llvm::zip_equal(getWindow(), getStrides()))
    if (s < k)
      return emitOpError("has an adjoint only for windows that do not overlap, "
                         "got window ")
             << k << " at stride " << s;
  result[0] =
      MaxPoolGradOp::create(b, getLoc(), getInput().getType(), getInput(),
                            grads[0], getWindow(), getStrides());
  return success();
}

LogicalResult AvgPoolOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                      ArrayRef<bool> needed,
                                      MutableArrayRef<Value> result) {
  result[0] = AvgPoolGradOp::create(b, getLoc(), getInput().getType(), grads[0],
                                    getWindow(), getStrides(), getPadLow(),
                                    getPadHigh(), getCountIncludePad());
  return success();
}
