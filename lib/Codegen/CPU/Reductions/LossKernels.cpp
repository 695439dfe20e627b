//===- LossKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/LossKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

Value PixelBatch::isClass(KernelBody &k, Channel c) const {
  OpBuilder &b = k.builder();
  auto type = cast<VectorType>(labels.getType());
  Value wanted;
  if (c.isNumber())
    wanted = arith::ConstantOp::create(
        b, k.loc(),
        DenseElementsAttr::get(type, static_cast<int32_t>(c.getNumber())));
  else
    wanted = k.splat(
        arith::IndexCastOp::create(b, k.loc(), b.getI32Type(), c.getIndex(k)),
        type.getNumElements());
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq, labels,
                               wanted);
}

seg::PointwiseMath doubles(KernelBody &k) {
  return {k.builder(), k.loc(), k.builder().getF64Type()};
}
Value loadDouble(KernelBody &k, Value memref, Value index) {
  return toDouble(k, k.loadScalar(memref, index));
}

Value sumStrided(KernelBody &k, Value memref, Value first, Value count,
                 int64_t stride) {
  return k.loop(
      k.index(0), count, 1, {doubleConstant(k, 0)},
      [&](Value i, ValueRange sum) -> SmallVector<Value> {
        return {doubles(k).add(
            sum[0], loadDouble(k, memref, k.add(first, k.mul(i, stride))))};
      })[0];
}

} // namespace segc
