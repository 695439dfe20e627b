//===- LossPixels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/LossPixels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

Value LossPixels::isClass(KernelBody &k, Channel c) const {
  OpBuilder &b = k.builder();
  Type type = labels().getType();
  Value wanted;
  if (c.isNumber()) {
    TypedAttr number = b.getI32IntegerAttr(static_cast<int32_t>(c.getNumber()));
    if (auto vector = dyn_cast<VectorType>(type))
      number = DenseElementsAttr::get(vector, Attribute(number));
    wanted = arith::ConstantOp::create(b, k.loc(), number);
  } else {
    wanted = k.broadcast(
        arith::IndexCastOp::create(b, k.loc(), b.getI32Type(), c.getIndex(k)),
        type);
  }
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq, labels(),
                               wanted);
}

Value LossPixels::isBetween(KernelBody &k, int64_t first, int64_t last) const {
  OpBuilder &b = k.builder();
  Type type = labels().getType();
  auto constant = [&](int64_t value) -> Value {
    TypedAttr number = b.getI32IntegerAttr(static_cast<int32_t>(value));
    if (auto vector = dyn_cast<VectorType>(type))
      number = DenseElementsAttr::get(vector, Attribute(number));
    return arith::ConstantOp::create(b, k.loc(), number);
  };
  // A label below `first` is a large unsigned number.
  Value offset = arith::SubIOp::create(b, k.loc(), labels(), constant(first));
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ule, offset,
                               constant(last - first));
}

Value PixelSums::tileRow(KernelBody &k, Value sample, Value tile) const {
  return k.add(k.mul(k.add(k.mul(sample, tiles), tile), count), base);
}
Value PixelSums::sampleRow(KernelBody &k, Value sample) const {
  return k.add(k.mul(k.add(sample, samples * tiles), count), base);
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
