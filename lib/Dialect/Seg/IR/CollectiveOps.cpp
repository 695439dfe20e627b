//===- CollectiveOps.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Collectives".

#include "segc/Dialect/Seg/IR/SegDialect.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult AllReduceOp::verify() {
  Type element = getInput().getType().getElementType();
  if (!element.isF32() && !element.isF64()) // all_reduce_c1
    return emitOpError("expects values of f32 or f64, which ranks can add, "
                       "got ")
           << element;
  std::optional<ArrayRef<int64_t>> places = getOffsets();
  if (places && places->size() != 1) // all_reduce_c2
    return emitOpError("expects an offset for its one result, got ")
           << places->size();
  return success();
}
