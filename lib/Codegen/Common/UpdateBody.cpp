//===- UpdateBody.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/UpdateBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

Value UpdateBody::isNonZero(Value operand) {
  return arith::CmpFOp::create(k.builder(), k.loc(), arith::CmpFPredicate::UNE,
                               load(operand), k.scalarConstant(0));
}

Value UpdateBody::isBefore(Value index, int64_t count) {
  Value left = k.sub(k.index(count), index);
  if (auto vector = dyn_cast<VectorType>(type))
    return k.prefixMask(left, vector.getNumElements());
  return k.less(k.index(0), left);
}

Value UpdateBody::power(double base, Value exponent) {
  OpBuilder &b = k.builder();
  Type i64 = b.getI64Type();
  seg::PointwiseMath m = doubles(k);
  return k.loop(
      k.index(0), k.index(63), 1, {m.constant(1), m.constant(base)},
      [&](Value bit, ValueRange values) -> SmallVector<Value> {
        Value shift = arith::IndexCastOp::create(b, k.loc(), i64, bit);
        Value rest = arith::ShRUIOp::create(b, k.loc(), exponent, shift);
        Value odd = arith::TruncIOp::create(b, k.loc(), b.getI1Type(), rest);
        Value product = m.mul(values[0], values[1]);
        return {m.select(odd, product, values[0]), m.mul(values[1], values[1])};
      })[0];
}

Value emitSumTerm(seg::AllFiniteOp op, const seg::PointwiseMath &math,
                  Value x) {
  if (op.getSquares())
    x = math.mul(x, x);
  return math.mul(x, math.constant(0));
}

Value emitSumResult(seg::AllFiniteOp, KernelBody &k, Value sum) {
  Value zero = k.scalarConstant(0), one = k.scalarConstant(1);
  Value finite = arith::CmpFOp::create(k.builder(), k.loc(),
                                       arith::CmpFPredicate::OEQ, sum, zero);
  return arith::SelectOp::create(k.builder(), k.loc(), finite, one, zero);
}

Value emitSumTerm(seg::ClipScaleOp, const seg::PointwiseMath &math, Value x) {
  return math.mul(x, x);
}

Value emitSumResult(seg::ClipScaleOp op, KernelBody &k, Value sum) {
  seg::PointwiseMath m = doubles(k);
  Value scale = loadDouble(k, inputOf(k, op.getLossScale()), k.index(0));
  Value norm = m.div(m.sqrt(toDouble(k, sum)), scale);
  Value excess = m.div(m.add(norm, m.constant(1e-6)),
                       m.constant(op.getMaxNorm().convertToDouble()));
  return toFloat(k, m.mul(scale, m.max(excess, m.constant(1))));
}

} // namespace segc
