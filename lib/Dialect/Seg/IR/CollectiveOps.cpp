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

LogicalResult AllReduceOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>,
                                            ValueRange operands, DictionaryAttr,
                                            OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &results) {
  llvm::append_range(results, operands.getTypes());
  return success();
}

LogicalResult AllReduceOp::verify() {
  if (getInputs().empty()) // all_reduce_c3
    return emitOpError("expects at least one tensor");
  Type element =
      cast<RankedTensorType>(getInputs().front().getType()).getElementType();
  for (Type type : getInputs().getTypes()) {
    Type other = cast<RankedTensorType>(type).getElementType();
    if (!other.isF32() && !other.isF64()) // all_reduce_c1
      return emitOpError("expects values of f32 or f64, which ranks can add, "
                         "got ")
             << other;
    if (other != element) // all_reduce_c3
      return emitOpError("expects tensors of one element type, got ")
             << element << " and " << other;
  }
  std::optional<ArrayRef<int64_t>> places = getOffsets();
  if (places && places->size() != getOutputs().size()) // all_reduce_c2
    return emitOpError("expects an offset for each of its ")
           << getOutputs().size() << " results, got " << places->size();
  return success();
}
