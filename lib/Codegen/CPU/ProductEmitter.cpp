//===- ProductEmitter.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/ProductEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

static int64_t lanesOf(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

static VectorType integers(KernelBody &body, int64_t lanes, unsigned bits) {
  return VectorType::get({lanes}, body.builder().getIntegerType(bits));
}

static Value constant(KernelBody &body, int64_t lanes, int64_t value) {
  VectorType type = integers(body, lanes, 32);
  return arith::ConstantOp::create(
      body.builder(), body.loc(),
      DenseElementsAttr::get(
          type, body.builder().getI32IntegerAttr(static_cast<int32_t>(value))));
}

/// The bits of the values, rounded to bf16.
Value ProductEmitter::narrowed(KernelBody &body, Value values) const {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(values);
  VectorType bits = integers(body, lanes, 16);
  if (!native || lanes < 8)
    return seg::narrowFloat(b, body.loc(), values, bits.getElementType());
  return vector::BitCastOp::create(
      b, body.loc(), bits,
      x86vector::CvtPackedF32ToBF16Op::create(
          b, body.loc(), VectorType::get({lanes}, b.getBF16Type()), values));
}

void ProductEmitter::storeNeighbours(KernelBody &body, Value values,
                                     Value memref, Value word) const {
  if (pairs())
    values = vector::BitCastOp::create(
        body.builder(), body.loc(),
        body.vectorType(divideUp(lanesOf(values), 2)), narrowed(body, values));
  body.store(values, memref, word);
}

void ProductEmitter::storeAt(KernelBody &body, Value values, Value memref,
                             Value word, Value summed) const {
  if (!pairs())
    return body.store(values, memref, word);
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(values);
  VectorType words = integers(body, lanes, 32);
  auto splat = [&](Value index) {
    return body.splat(
        arith::IndexCastOp::create(b, body.loc(), b.getI32Type(), index),
        lanes);
  };
  Value half = body.rem(summed, 2);
  Value bits =
      arith::ExtUIOp::create(b, body.loc(), words, narrowed(body, values));
  bits = arith::ShLIOp::create(b, body.loc(), bits, splat(body.mul(half, 16)));
  // The lower half of what lies there, if this is the upper one.
  Value kept = arith::AndIOp::create(
      b, body.loc(),
      vector::BitCastOp::create(b, body.loc(), words,
                                body.load(memref, word, lanes)),
      splat(body.mul(half, 0xffff)));
  body.store(vector::BitCastOp::create(
                 b, body.loc(), body.vectorType(lanes),
                 arith::OrIOp::create(b, body.loc(), bits, kept)),
             memref, word);
}

Value ProductEmitter::multiplyAdd(KernelBody &body, Value shared, Value words,
                                  Value sum) const {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(words);
  auto add = [&](Value x, Value y, Value to) -> Value {
    return vector::FMAOp::create(b, body.loc(), x, y, to);
  };
  if (!pairs())
    return add(shared, words, sum);
  auto bitcast = [&](VectorType type, Value value) -> Value {
    return vector::BitCastOp::create(b, body.loc(), type, value);
  };
  if (native) {
    VectorType pairsType = VectorType::get({2 * lanes}, b.getBF16Type());
    return x86vector::DotBF16Op::create(b, body.loc(), sum.getType(), sum,
                                        bitcast(pairsType, shared),
                                        bitcast(pairsType, words));
  }
  VectorType bits = integers(body, lanes, 32);
  auto lower = [&](Value value) {
    return bitcast(body.vectorType(lanes),
                   arith::ShLIOp::create(b, body.loc(), bitcast(bits, value),
                                         constant(body, lanes, 16)));
  };
  auto upper = [&](Value value) {
    return bitcast(body.vectorType(lanes),
                   arith::AndIOp::create(b, body.loc(), bitcast(bits, value),
                                         constant(body, lanes, -65536)));
  };
  return add(upper(shared), upper(words),
             add(lower(shared), lower(words), sum));
}

} // namespace segc
