//===- CollectiveGradients.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

using namespace mlir;
using namespace segc::seg;

/// The loss is the mean of those of the ranks, and a rank's gradients are those
/// of the loss times the number of ranks, until they are averaged. Each rank's
/// operand is in the results of all, so that its gradient is the same sum or
/// mean of theirs (docs/Rationale.md).
LogicalResult AllReduceOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                        ArrayRef<bool> needed,
                                        MutableArrayRef<Value> result) {
  SmallVector<Value> reduced;
  SmallVector<Value *> slots;
  for (auto [slot, grad, wanted] : llvm::zip_equal(result, grads, needed))
    if (grad && wanted) {
      reduced.push_back(grad);
      slots.push_back(&slot);
    }
  if (reduced.empty())
    return success();
  auto all =
      AllReduceOp::create(b, getLoc(), getKind(), reduced, DenseI64ArrayAttr());
  for (auto [slot, value] : llvm::zip_equal(slots, all.getOutputs()))
    *slot = value;
  return success();
}
