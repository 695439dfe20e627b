//===- PointwiseMath.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/PhiloxBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc::seg {

Type PointwiseMath::integerType(unsigned width) const {
  Type element = builder.getIntegerType(width);
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value PointwiseMath::integerConstant(unsigned width, int64_t value) const {
  Type integer = integerType(width);
  TypedAttr attr = builder.getIntegerAttr(getElementTypeOrSelf(integer), value);
  if (auto vector = dyn_cast<VectorType>(integer))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(builder, loc, attr);
}

Value PointwiseMath::constant(double value) const {
  TypedAttr attr = builder.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(builder, loc, attr);
}

Value PointwiseMath::add(Value a, Value b) const {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value PointwiseMath::sub(Value a, Value b) const {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value PointwiseMath::mul(Value a, Value b) const {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value PointwiseMath::div(Value a, Value b) const {
  return arith::DivFOp::create(builder, loc, a, b);
}
Value PointwiseMath::fma(Value a, Value b, Value c) const {
  return math::FmaOp::create(builder, loc, a, b, c);
}
Value PointwiseMath::sqrt(Value a) const {
  return math::SqrtOp::create(builder, loc, a);
}

Value PointwiseMath::greater(Value a, Value b) const {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
}
Value PointwiseMath::select(Value mask, Value a, Value b) const {
  return arith::SelectOp::create(builder, loc, mask, a, b);
}
// This uses compare and select, because maximumf takes several instructions for
// NaN and signed zero. A NaN in `a` is kept, so that errors remain visible.
Value PointwiseMath::max(Value a, Value b) const {
  return select(greater(b, a), b, a);
}
Value PointwiseMath::min(Value a, Value b) const {
  return select(greater(a, b), b, a);
}

Value PointwiseMath::exp(Value a) const {
  // e^a = 2^n e^r with |r| <= ln2/2; ln2 in two parts keeps r exact.
  Value low = constant(-87.33654), high = constant(88.72283);
  Value clamped = max(min(a, high), low);
  Value n = math::FloorOp::create(
      builder, loc, fma(clamped, constant(1.44269504088896341), constant(0.5)));
  Value r = fma(n, constant(-0.693359375), clamped);
  r = fma(n, constant(2.12194440e-4), r);
  Value p = constant(1.9875691500e-4);
  for (double c : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                   1.6666665459e-1, 5.0000001201e-1})
    p = fma(p, r, constant(c));
  Value y = add(fma(p, mul(r, r), r), constant(1));
  // 2^n as two factors: n reaches 128.
  Value whole = arith::FPToSIOp::create(builder, loc, integerType(32), n);
  Value half =
      arith::ShRSIOp::create(builder, loc, whole, integerConstant(32, 1));
  Value rest = arith::SubIOp::create(builder, loc, whole, half);
  auto power = [&](Value exponent) -> Value {
    Value biased =
        arith::AddIOp::create(builder, loc, exponent, integerConstant(32, 127));
    Value bits =
        arith::ShLIOp::create(builder, loc, biased, integerConstant(32, 23));
    return arith::BitcastOp::create(builder, loc, type, bits);
  };
  y = mul(mul(y, power(half)), power(rest));
  y = select(greater(low, a), constant(0), y);
  y = select(greater(a, high),
             constant(std::numeric_limits<double>::infinity()), y);
  Value isNan =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, a, a);
  return select(isNan, a, y);
}

Value PointwiseMath::log(Value a) const {
  // a = 2^e m with m in [sqrt(1/2), sqrt(2)); polynomial in m - 1 (Cephes
  // logf).
  Type i32 = integerType(32);
  Value bits = arith::BitcastOp::create(builder, loc, i32, a);
  Value shifted = arith::SubIOp::create(builder, loc, bits,
                                        integerConstant(32, 0x3f3504f3));
  Value exponent =
      arith::ShRSIOp::create(builder, loc, shifted, integerConstant(32, 23));
  Value mantissaBits = arith::SubIOp::create(
      builder, loc, bits,
      arith::ShLIOp::create(builder, loc, exponent, integerConstant(32, 23)));
  Value m = sub(arith::BitcastOp::create(builder, loc, type, mantissaBits),
                constant(1));
  Value e = arith::SIToFPOp::create(builder, loc, type, exponent);
  Value p = constant(7.0376836292e-2);
  for (double c :
       {-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1})
    p = fma(p, m, constant(c));
  Value square = mul(m, m);
  Value y = mul(mul(p, m), square);
  y = fma(e, constant(-2.12194440e-4), y);
  y = fma(square, constant(-0.5), y);
  return fma(e, constant(0.693359375), add(m, y));
}

static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.clone(element) : element;
}

static Value splatConstant(OpBuilder &b, Location loc, Type type,
                           int64_t value) {
  TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

std::array<Value, 4> philoxBlock(OpBuilder &builder, Location loc,
                                 std::array<Value, 4> c, Value k0, Value k1) {
  Type i32 = k0.getType(), i64 = withElement(i32, builder.getI64Type());
  auto integerConstant = [&](unsigned width, int64_t value) {
    return splatConstant(builder, loc, width == 64 ? i64 : i32, value);
  };
  auto low = [&](Value v) -> Value {
    return arith::TruncIOp::create(builder, loc, i32, v);
  };
  auto high = [&](Value v) -> Value {
    return low(
        arith::ShRUIOp::create(builder, loc, v, integerConstant(64, 32)));
  };
  auto multiply = [&](Value v, int64_t factor) -> Value {
    Value wide = arith::ExtUIOp::create(builder, loc, i64, v);
    return arith::MulIOp::create(builder, loc, wide,
                                 integerConstant(64, factor));
  };
  auto exclusiveOr = [&](Value a, Value b) -> Value {
    return arith::XOrIOp::create(builder, loc, a, b);
  };
  for (int round = 0; round < 10; ++round) {
    Value p0 = multiply(c[0], 0xD2511F53), p1 = multiply(c[2], 0xCD9E8D57);
    Value next0 = exclusiveOr(exclusiveOr(high(p1), c[1]), k0);
    Value next2 = exclusiveOr(exclusiveOr(high(p0), c[3]), k1);
    c[1] = low(p1);
    c[3] = low(p0);
    c[0] = next0;
    c[2] = next2;
    k0 = arith::AddIOp::create(
        builder, loc, k0,
        integerConstant(32, static_cast<int32_t>(0x9E3779B9)));
    k1 = arith::AddIOp::create(
        builder, loc, k1,
        integerConstant(32, static_cast<int32_t>(0xBB67AE85)));
  }
  return c;
}

Value PointwiseMath::uniform(Value index, Value stream, Value key) const {
  Type i32 = integerType(32), i64 = integerType(64);
  auto splat = [&](Value scalar) -> Value {
    return isa<VectorType>(type)
               ? vector::BroadcastOp::create(builder, loc, i64, scalar)
                     .getResult()
               : scalar;
  };
  Value lanes = splat(index);
  if (auto vectorType = dyn_cast<VectorType>(type)) {
    SmallVector<int64_t> iota;
    for (int64_t i = 0; i < vectorType.getNumElements(); ++i)
      iota.push_back(i);
    Value offsets = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(cast<VectorType>(i64), ArrayRef<int64_t>(iota)));
    lanes = arith::AddIOp::create(builder, loc, lanes, offsets);
  }
  auto low = [&](Value v) -> Value {
    return arith::TruncIOp::create(builder, loc, i32, v);
  };
  auto high = [&](Value v) -> Value {
    return low(
        arith::ShRUIOp::create(builder, loc, v, integerConstant(64, 32)));
  };
  Value streams = splat(stream), keys = splat(key);
  std::array<Value, 4> c = philoxBlock(
      builder, loc, {low(lanes), high(lanes), low(streams), high(streams)},
      low(keys), high(keys));
  Value top =
      arith::ShRUIOp::create(builder, loc, c[0], integerConstant(32, 8));
  return mul(arith::UIToFPOp::create(builder, loc, type, top),
             constant(0x1p-24));
}

//===----------------------------------------------------------------------===//
// 16-bit floats
//===----------------------------------------------------------------------===//

Type storageType(Type element) {
  return element.isBF16() ? IntegerType::get(element.getContext(), 16)
                          : element;
}

Value widenFloat(OpBuilder &b, Location loc, Value value) {
  Type element = getElementTypeOrSelf(value.getType()),
       f32 = withElement(value.getType(), b.getF32Type());
  if (element.isF16())
    return arith::ExtFOp::create(b, loc, f32, value);
  if (!element.isInteger(16))
    return value;
  // bf16 is the upper half of f32.
  Type wide = withElement(value.getType(), b.getI32Type());
  Value bits = arith::ExtUIOp::create(b, loc, wide, value);
  return arith::BitcastOp::create(
      b, loc, f32,
      arith::ShLIOp::create(b, loc, bits, splatConstant(b, loc, wide, 16)));
}

Value narrowFloat(OpBuilder &b, Location loc, Value value, Type element) {
  Type narrow = withElement(value.getType(), element);
  if (element.isF16())
    return arith::TruncFOp::create(b, loc, narrow, value);
  if (!element.isInteger(16))
    return value;
  Type integers = withElement(value.getType(), b.getI32Type());
  auto constant = [&](int64_t v) { return splatConstant(b, loc, integers, v); };
  Value bits = arith::BitcastOp::create(b, loc, integers, value);
  Value upper = arith::ShRUIOp::create(b, loc, bits, constant(16));
  Value odd = arith::AndIOp::create(b, loc, upper, constant(1));
  Value rounded = arith::AddIOp::create(
      b, loc, arith::AddIOp::create(b, loc, bits, constant(0x7fff)), odd);
  // Rounding could carry a NaN to an infinity, so its quiet bit is set instead.
  Value isNan =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
  Value quiet = arith::OrIOp::create(b, loc, bits, constant(0x400000));
  rounded = arith::SelectOp::create(b, loc, isNan, quiet, rounded);
  auto stored = dyn_cast<VectorType>(narrow);
  if (!stored)
    return arith::TruncIOp::create(
        b, loc, narrow, arith::ShRUIOp::create(b, loc, rounded, constant(16)));
  // A truncation is avoided: LLVM 22 merges it into a masked store, which then
  // writes four bytes where the mask is known to have one lane.
  int64_t lanes = stored.getNumElements();
  Value halves = vector::BitCastOp::create(
      b, loc, VectorType::get({2 * lanes}, element), rounded);
  SmallVector<int64_t> uppers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    uppers.push_back(2 * lane + 1);
  return vector::ShuffleOp::create(b, loc, halves, halves, uppers);
}

} // namespace segc::seg
