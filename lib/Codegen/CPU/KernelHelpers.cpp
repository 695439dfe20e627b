//===- KernelHelpers.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Tile sampleTile(KernelBody &k, int64_t size, int64_t tile) {
  int64_t tiles = llvm::divideCeilSigned(size, tile);
  Tile result;
  result.sample = k.div(k.task(), tiles);
  result.index = k.rem(k.task(), tiles);
  result.begin = k.mul(result.index, tile);
  result.end = k.min(k.add(result.begin, tile), k.index(size));
  return result;
}

void forVectors(KernelBody &k, Value begin, Value end, int64_t lanes,
                int64_t unroll, llvm::function_ref<void(Value, Value)> body) {
  Value size = k.sub(end, begin);
  Value unrolled =
      k.add(begin, k.mul(k.div(size, lanes * unroll), lanes * unroll));
  k.loop(begin, unrolled, lanes * unroll, [&](Value i) {
    for (int64_t u = 0; u < unroll; ++u)
      body(k.add(i, u * lanes), Value());
  });
  k.loop(unrolled, end, lanes,
         [&](Value i) { body(i, k.prefixMask(k.sub(end, i), lanes)); });
}

void forRow(KernelBody &k, int64_t size, int64_t lanes,
            llvm::function_ref<void(Value, Value)> body) {
  int64_t full = size / lanes * lanes;
  if (full == lanes)
    body(k.index(0), Value());
  else if (full)
    k.loop(k.index(0), k.index(full), lanes,
           [&](Value i) { body(i, Value()); });
  if (full < size)
    body(k.index(full), k.prefixMask(k.index(size - full), lanes));
}

void forPixelVectors(KernelBody &k, Value begin, Value end, int64_t lanes,
                     llvm::function_ref<void(Value, Value, Value)> body) {
  Value full = k.add(begin, k.mul(k.div(k.sub(end, begin), lanes), lanes));
  k.loop(begin, full, lanes,
         [&](Value pixel) { body(pixel, Value(), Value()); });
  k.loop(full, end, lanes, [&](Value pixel) {
    Value count = k.sub(end, pixel);
    body(pixel, count, k.prefixMask(count, lanes));
  });
}

SmallVector<Value> addPixelVectors(
    KernelBody &k, Value begin, Value end, int64_t lanes, ValueRange sums,
    llvm::function_ref<SmallVector<Value>(Value, Value, Value)> body) {
  auto step = [&](Value pixel, Value count, Value mask, ValueRange carried) {
    SmallVector<Value> next;
    for (auto [sum, term] :
         llvm::zip_equal(carried, body(pixel, count, mask))) {
      Value kept = mask ? arith::SelectOp::create(k.builder(), k.loc(), mask,
                                                  term, k.zeroVector(lanes))
                              .getResult()
                        : term;
      next.push_back(arith::AddFOp::create(k.builder(), k.loc(), sum, kept));
    }
    return next;
  };
  Value full = k.add(begin, k.mul(k.div(k.sub(end, begin), lanes), lanes));
  SmallVector<Value> carried =
      k.loop(begin, full, lanes, sums, [&](Value pixel, ValueRange values) {
        return step(pixel, Value(), Value(), values);
      });
  return k.loop(full, end, lanes, carried, [&](Value pixel, ValueRange values) {
    Value count = k.sub(end, pixel);
    return step(pixel, count, k.prefixMask(count, lanes), values);
  });
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Value loadVector(KernelBody &k, Value memref, Value index, int64_t lanes,
                 Value mask) {
  OpBuilder &b = k.builder();
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  if (!mask)
    return vector::LoadOp::create(b, k.loc(), type, memref, index);
  Value zero = arith::ConstantOp::create(b, k.loc(), b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, k.loc(), type, memref, index, mask,
                                      zero);
}

VectorType integerType(KernelBody &k, int64_t lanes) {
  return VectorType::get({lanes}, k.builder().getI32Type());
}

Value integerVector(KernelBody &k, int64_t value, int64_t lanes) {
  return arith::ConstantOp::create(
      k.builder(), k.loc(),
      DenseElementsAttr::get(
          integerType(k, lanes),
          k.builder().getI32IntegerAttr(static_cast<int32_t>(value))));
}

Value indexVector(KernelBody &k, ArrayRef<int64_t> values) {
  VectorType type = integerType(k, static_cast<int64_t>(values.size()));
  SmallVector<int32_t> narrow(values);
  return arith::ConstantOp::create(
      k.builder(), k.loc(),
      DenseElementsAttr::get(type, ArrayRef<int32_t>(narrow)));
}

Value allLanes(KernelBody &k, Value mask, int64_t lanes) {
  return mask ? mask : k.prefixMask(k.index(lanes), lanes);
}

Value gather(KernelBody &k, Value memref, Value base, ArrayRef<int64_t> offsets,
             Value mask) {
  OpBuilder &b = k.builder();
  int64_t lanes = offsets.size();
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  Value zero = arith::ConstantOp::create(b, k.loc(), b.getZeroAttr(type));
  return seg::widenFloat(
      b, k.loc(),
      vector::GatherOp::create(b, k.loc(), type, memref, ValueRange(base),
                               indexVector(k, offsets),
                               allLanes(k, mask, lanes), zero));
}

// Adding halves takes fewer dependent additions than adding lane after lane.
Value sumLanes(KernelBody &k, Value vector) {
  OpBuilder &b = k.builder();
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (; lanes > 1; lanes /= 2) {
    auto low = llvm::to_vector(llvm::seq<int64_t>(0, lanes / 2));
    auto high = llvm::to_vector(llvm::seq<int64_t>(lanes / 2, lanes));
    Value lower = vector::ShuffleOp::create(b, k.loc(), vector, vector, low);
    Value upper = vector::ShuffleOp::create(b, k.loc(), vector, vector, high);
    vector = arith::AddFOp::create(b, k.loc(), lower, upper);
  }
  return vector::ExtractOp::create(b, k.loc(), vector, ArrayRef<int64_t>{0});
}

} // namespace segc
