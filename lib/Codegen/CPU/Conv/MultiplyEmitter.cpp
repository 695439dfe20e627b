//===- MultiplyEmitter.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/MultiplyEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

static Value bitcast(KernelBody &body, VectorType type, Value value) {
  return vector::BitCastOp::create(body.builder(), body.loc(), type, value);
}

static VectorType floats16(KernelBody &body, int64_t lanes) {
  return VectorType::get({lanes}, body.builder().getF16Type());
}

static Value widened(KernelBody &body, Value values) {
  return arith::ExtFOp::create(body.builder(), body.loc(),
                               body.vectorType(lanesOf(values)), values);
}

/// Returns values * scale, rounded to 16-bit integers. At 1.5 * 2^23 the last
/// place of an f32 is 1, so the low bits of the sum are the rounded integer.
/// Magnitudes must be below 2^15; values that are not finite yield an arbitrary
/// integer.
static Value rounded(KernelBody &body, Value values, Value scale) {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(values);
  Value one = body.splat(body.scalarConstant(0x1.8p23), lanes);
  Value sum = vector::FMAOp::create(b, body.loc(), values, scale, one);
  return arith::TruncIOp::create(b, body.loc(), integers(body, lanes, 16),
                                 bitcast(body, integers(body, lanes, 32), sum));
}

/// Returns the values in units of `scale`, rounded, at most 127 in magnitude,
/// plus an even `summand`, as bytes.
static Value quantized(KernelBody &body, Value values, double scale,
                       int64_t summand) {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(values);
  seg::PointwiseMath m(b, body.loc(), values.getType());
  Value clamped =
      m.max(m.min(values, m.constant(127 * scale)), m.constant(-127 * scale));
  // As in `rounded`; an even summand does not change which way halves go.
  Value sum =
      vector::FMAOp::create(b, body.loc(), clamped, m.constant(1 / scale),
                            m.constant(0x1.8p23 + double(summand)));
  return arith::TruncIOp::create(b, body.loc(), integers(body, lanes, 8),
                                 bitcast(body, integers(body, lanes, 32), sum));
}

/// Returns the values rounded to the 16-bit type, as vectors of i16.
Value MultiplyEmitter::narrowed(KernelBody &body, Value values,
                                Value scale) const {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(values);
  VectorType bits = integers(body, lanes, 16);
  if (kind == MultiplyType::Fixed)
    return rounded(body, values, scale);
  if (kind == MultiplyType::F16)
    return bitcast(body, bits,
                   seg::narrowFloat(b, body.loc(), values, b.getF16Type()));
  if (!native || lanes < 8)
    return seg::narrowFloat(b, body.loc(), values, bits.getElementType());
  return bitcast(
      body, bits,
      x86vector::CvtPackedF32ToBF16Op::create(
          b, body.loc(), VectorType::get({lanes}, b.getBF16Type()), values));
}

void MultiplyEmitter::storeNeighbours(KernelBody &body, Value values,
                                      Value memref, Value word,
                                      Value scale) const {
  if (isInt8)
    values = bitcast(body, body.vectorType(lanesOf(values) / 4),
                     quantized(body, values, inputScale, summand));
  else if (pairs())
    values = bitcast(body, body.vectorType(divideUp(lanesOf(values), 2)),
                     narrowed(body, values, scale));
  body.store(values, memref, word);
}

void MultiplyEmitter::storeAt(KernelBody &body, Value values, Value memref,
                              Value word, Value summed, Value scale) const {
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
  Value bits = arith::ExtUIOp::create(b, body.loc(), words,
                                      narrowed(body, values, scale));
  bits = arith::ShLIOp::create(b, body.loc(), bits, splat(body.mul(half, 16)));
  // An upper half keeps the lower half that memory already has.
  Value kept = arith::AndIOp::create(
      b, body.loc(), bitcast(body, words, body.load(memref, word, lanes)),
      splat(body.mul(half, 0xffff)));
  body.store(bitcast(body, body.vectorType(lanes),
                     arith::OrIOp::create(b, body.loc(), bits, kept)),
             memref, word);
}

/// Adds both halves of an f16 accumulator to `sum`. The halves are added to
/// each other in f16 first: this is one more step of the chain and saves one of
/// two conversions, which take longer than the steps.
static Value addHalves(KernelBody &body, Value accumulator, Value sum) {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(sum);
  VectorType words = integers(body, lanes, 32),
             halves = floats16(body, 2 * lanes);
  Value upper =
      arith::ShRUIOp::create(b, body.loc(), bitcast(body, words, accumulator),
                             constant(body, lanes, 16));
  Value both = arith::AddFOp::create(b, body.loc(), accumulator,
                                     bitcast(body, halves, upper));
  Value lower = arith::TruncIOp::create(
      b, body.loc(), integers(body, lanes, 16), bitcast(body, words, both));
  return arith::AddFOp::create(
      b, body.loc(), sum,
      widened(body, bitcast(body, floats16(body, lanes), lower)));
}

SmallVector<Value> MultiplyEmitter::sum(
    KernelBody &body, Value end, int64_t stride, int64_t additions,
    ValueRange sums,
    function_ref<SmallVector<Value>(Value, ValueRange)> step) const {
  Value zero = body.index(0);
  if (kind != MultiplyType::F16)
    return body.loop(zero, end, stride, sums, step);
  auto chain = [&](Value first, Value last, ValueRange sums) {
    SmallVector<Value> parts;
    for (Value sum : sums)
      parts.push_back(arith::ConstantOp::create(
          body.builder(), body.loc(),
          body.builder().getZeroAttr(floats16(body, 2 * lanesOf(sum)))));
    parts = body.loop(first, last, stride, parts, step);
    SmallVector<Value> result;
    for (auto [part, sum] : llvm::zip_equal(parts, sums))
      result.push_back(addHalves(body, part, sum));
    return result;
  };
  int64_t length = maxChained / additions * stride;
  if (std::optional<int64_t> count = getConstantIntValue(end);
      count && *count <= length)
    return chain(zero, end, sums);
  return body.loop(
      zero, end, length, sums, [&](Value first, ValueRange carried) {
        return chain(first, body.min(body.add(first, length), end), carried);
      });
}

/// Where f16 is emulated in f32, the result may differ in the last place, but
/// rarely does: the product is exact in f32, and only the sum is rounded twice.
Value MultiplyEmitter::multiplyAddF16(KernelBody &body, Value shared,
                                      Value words, Value accumulator) const {
  OpBuilder &b = body.builder();
  VectorType halves = floats16(body, 2 * lanesOf(words));
  auto add = [&](Value x, Value y, Value to) -> Value {
    return vector::FMAOp::create(b, body.loc(), x, y, to);
  };
  Value x = bitcast(body, halves, shared), y = bitcast(body, halves, words);
  if (native)
    return add(x, y, accumulator);
  return arith::TruncFOp::create(
      b, body.loc(), halves,
      add(widened(body, x), widened(body, y), widened(body, accumulator)));
}

Value MultiplyEmitter::noSum(KernelBody &body, int64_t lanes) const {
  return kind == MultiplyType::Fixed ? constant(body, lanes, 0)
                                     : body.zeroVector(lanes);
}

/// The products of both halves of a word, added.
static Value productOfHalves(KernelBody &body, Value x, Value y) {
  OpBuilder &b = body.builder();
  const int64_t lanes = lanesOf(y);
  VectorType words = integers(body, lanes, 32);
  Value half = constant(body, lanes, 16);
  auto upper = [&](Value value) -> Value {
    return arith::ShRSIOp::create(b, body.loc(), value, half);
  };
  auto lower = [&](Value value) {
    return upper(arith::ShLIOp::create(b, body.loc(), value, half));
  };
  x = bitcast(body, words, x), y = bitcast(body, words, y);
  return arith::AddIOp::create(
      b, body.loc(), arith::MulIOp::create(b, body.loc(), lower(x), lower(y)),
      arith::MulIOp::create(b, body.loc(), upper(x), upper(y)));
}

/// Emits on x86 pmaddwd and an addition, which LLVM combines to one instruction
/// where the processor has it.
Value MultiplyEmitter::multiplyAddFixed(KernelBody &body, Value shared,
                                        Value words, Value accumulator) const {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(words);
  if (!isX86)
    return arith::AddIOp::create(b, body.loc(), accumulator,
                                 productOfHalves(body, shared, words));
  StringRef intrinsic = lanes == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                        : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                     : "llvm.x86.sse2.pmadd.wd";
  VectorType halves = integers(body, 2 * lanes, 16);
  Value both =
      LLVM::CallIntrinsicOp::create(b, body.loc(), accumulator.getType(),
                                    b.getStringAttr(intrinsic),
                                    ValueRange{bitcast(body, halves, shared),
                                               bitcast(body, halves, words)})
          .getResult(0);
  return arith::AddIOp::create(b, body.loc(), accumulator, both);
}

/// Processors without the instruction multiply the even and the odd bytes as
/// 16-bit integers: correct, but no faster than f32.
Value MultiplyEmitter::multiplyAddInt8(KernelBody &body, Value shared,
                                       Value words, Value accumulator) const {
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(accumulator);
  if (native) {
    StringRef intrinsic = lanes == 16  ? "llvm.x86.avx512.vpdpbusd.512"
                          : lanes == 8 ? "llvm.x86.avx512.vpdpbusd.256"
                                       : "llvm.x86.avx512.vpdpbusd.128";
    VectorType bytes = integers(body, 4 * lanes, 8);
    return LLVM::CallIntrinsicOp::create(
               b, body.loc(), accumulator.getType(), b.getStringAttr(intrinsic),
               ValueRange{accumulator, bitcast(body, bytes, shared),
                          bitcast(body, bytes, words)})
        .getResult(0);
  }
  VectorType halves = integers(body, 2 * lanes, 16);
  Value eight = arith::ConstantOp::create(
      b, body.loc(), DenseElementsAttr::get(halves, b.getI16IntegerAttr(8)));
  auto asWords = [&](Value value) {
    return bitcast(body, integers(body, lanes, 32), value);
  };
  auto up = [&](Value bytes) -> Value {
    return arith::ShLIOp::create(b, body.loc(), bytes, eight);
  };
  auto unsignedDown = [&](Value bytes) {
    return asWords(arith::ShRUIOp::create(b, body.loc(), bytes, eight));
  };
  auto signedDown = [&](Value bytes) {
    return asWords(arith::ShRSIOp::create(b, body.loc(), bytes, eight));
  };
  Value inputs = bitcast(body, halves, shared),
        weights = bitcast(body, halves, words);
  Value even = multiplyAddFixed(body, unsignedDown(up(inputs)),
                                signedDown(up(weights)), accumulator);
  return multiplyAddFixed(body, unsignedDown(inputs), signedDown(weights),
                          even);
}

Value MultiplyEmitter::multiplyAdd(KernelBody &body, Value shared, Value words,
                                   Value accumulator) const {
  if (kind == MultiplyType::F16)
    return multiplyAddF16(body, shared, words, accumulator);
  if (isInt8)
    return multiplyAddInt8(body, shared, words, accumulator);
  if (kind == MultiplyType::Fixed)
    return multiplyAddFixed(body, shared, words, accumulator);
  OpBuilder &b = body.builder();
  int64_t lanes = lanesOf(words);
  auto add = [&](Value x, Value y, Value to) -> Value {
    return vector::FMAOp::create(b, body.loc(), x, y, to);
  };
  if (!pairs())
    return add(shared, words, accumulator);
  if (native) {
    VectorType pairsType = VectorType::get({2 * lanes}, b.getBF16Type());
    return x86vector::DotBF16Op::create(
        b, body.loc(), accumulator.getType(), accumulator,
        bitcast(body, pairsType, shared), bitcast(body, pairsType, words));
  }
  VectorType bits = integers(body, lanes, 32);
  auto lower = [&](Value value) {
    return bitcast(body, body.vectorType(lanes),
                   arith::ShLIOp::create(b, body.loc(),
                                         bitcast(body, bits, value),
                                         constant(body, lanes, 16)));
  };
  auto upper = [&](Value value) {
    return bitcast(body, body.vectorType(lanes),
                   arith::AndIOp::create(b, body.loc(),
                                         bitcast(body, bits, value),
                                         constant(body, lanes, -65536)));
  };
  return add(upper(shared), upper(words),
             add(lower(shared), lower(words), accumulator));
}

} // namespace segc
