//===- OptimizerOps.cpp -----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Optimizers".

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

/// optimizer_c1: all tensors flat and of one size, results too.
/// optimizer_c2: 0 <= decay_elements <= size.
static LogicalResult verifyFlat(Operation *op, int64_t decayElements) {
  auto params = cast<RankedTensorType>(op->getOperand(0).getType());
  if (params.getRank() != 1)
    return op->emitOpError("expects flat parameters of rank 1, got rank ") << params.getRank();
  auto check = [&](Type type) -> LogicalResult {
    if (cast<RankedTensorType>(type).getRank() == 0 || type == params)
      return success();
    return op->emitOpError("expects flat tensors of type ") << params << ", got " << type;
  };
  for (Type type : op->getOperandTypes())
    if (failed(check(type)))
      return failure();
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  if (decayElements < 0 || decayElements > params.getDimSize(0))
    return op->emitOpError("expects decay_elements in [0, ")
           << params.getDimSize(0) << "], got " << decayElements;
  return success();
}

LogicalResult AdamOp::verify() { return verifyFlat(*this, getDecayElements()); }
LogicalResult RmspropOp::verify() { return verifyFlat(*this, getDecayElements()); }
LogicalResult SgdOp::verify() { return verifyFlat(*this, getDecayElements()); }
LogicalResult LookaheadOp::verify() {
  if (static_cast<int64_t>(getSync()) < 1) // lookahead_c1
    return emitOpError("expects sync of at least 1, got ") << static_cast<int64_t>(getSync());
  return verifyFlat(*this, 0);
}
