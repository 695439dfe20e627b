//===- NormGradients.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult NormOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                   ArrayRef<bool> needed,
                                   MutableArrayRef<Value> result) {
  if (grads[1] || grads[2])
    return emitOpError("has no adjoint for its statistics");
  auto grad = NormGradOp::create(
      b, getLoc(), getInput().getType(), getGamma().getType(),
      getBeta().getType(), getInput(), grads[0], getGamma(), getMean(),
      getRstd(), getKind(), getGroups(), getEpsilon());
  for (auto [slot, value, wanted] :
       llvm::zip_equal(result, grad.getResults(), needed))
    if (wanted)
      slot = value;
  return success();
}

LogicalResult
BatchNormInferenceOp::buildAdjoint(OpBuilder &b, ValueRange grads,
                                   ArrayRef<bool> needed,
                                   MutableArrayRef<Value> result) {
  if (needed[1] || needed[2] || needed[3] || needed[4])
    return emitOpError(
        "has an adjoint for its input only: train with seg.norm");
  // The op is affine in its input, so its adjoint at `grad` is its value at
  // `grad` minus its value at 0.
  auto like = [&](Value input) -> Value {
    return BatchNormInferenceOp::create(b, getLoc(), getOutput().getType(),
                                        input, getGamma(), getBeta(), getMean(),
                                        getVariance(), getEpsilon());
  };
  Value zero = ScaleOp::create(b, getLoc(), grads[0], b.getF64FloatAttr(0.0));
  result[0] = SubOp::create(b, getLoc(), getInput().getType(), like(grads[0]),
                            like(zero));
  return success();
}
