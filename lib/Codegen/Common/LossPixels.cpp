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

Value LossPixels::labelConstant(KernelBody &k, int64_t value) const {
  OpBuilder &b = k.builder();
  TypedAttr number = b.getI32IntegerAttr(static_cast<int32_t>(value));
  if (auto vector = dyn_cast<VectorType>(labels().getType()))
    number = DenseElementsAttr::get(vector, Attribute(number));
  return arith::ConstantOp::create(b, k.loc(), number);
}

Value LossPixels::isClass(KernelBody &k, Channel c) const {
  OpBuilder &b = k.builder();
  Value wanted =
      c.isNumber() ? labelConstant(k, c.getNumber())
                   : k.broadcast(arith::IndexCastOp::create(
                                     b, k.loc(), b.getI32Type(), c.getIndex(k)),
                                 labels().getType());
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq, labels(),
                               wanted);
}

Value LossPixels::isBetween(KernelBody &k, int64_t first, int64_t last) const {
  OpBuilder &b = k.builder();
  // A label below `first` is a large unsigned number.
  Value offset =
      arith::SubIOp::create(b, k.loc(), labels(), labelConstant(k, first));
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ule, offset,
                               labelConstant(k, last - first));
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
