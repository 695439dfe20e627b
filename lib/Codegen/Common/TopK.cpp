//===- TopK.cpp - Mean of the k largest values ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/TopK.h"

#include "segc/Codegen/Common/LossPixels.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace segc {

/// The sums of the last pass: of the values above the bound, and numbers of
/// values above it and equal to it.
static constexpr int64_t totalSum = 0, aboveSum = 1, equalSum = 2;

TopKPasses::TopKPasses(Operation *op, int64_t tileElements)
    : op(op), tileElements(tileElements) {
  auto mean = cast<seg::TopKMeanOp>(op);
  input = mean.getInput();
  percent = mean.getPercent().convertToDouble();
  RankedTensorType type = mean.getInput().getType();
  samples = type.getDimSize(0);
  elements = type.getNumElements() / samples;
}

int64_t TopKPasses::getSumCount(int64_t pass) const {
  if (pass == lastPass)
    return equalSum + 1;
  return (int64_t{1} << (pass == 0 ? digitBits - 1 : digitBits)) - 1;
}

Value TopKPasses::tileRow(KernelBody &k, Value sample, Value tile) const {
  return k.mul(k.add(k.mul(sample, getTiles()), tile), rowFloats);
}

Value TopKPasses::boundPlace(KernelBody &k) const {
  return k.index(samples * getTiles() * rowFloats);
}

Value TopKPasses::emitBound(KernelBody &k, int64_t pass) const {
  return pass == 0 ? k.scalarConstant(0)
                   : k.loadScalar(k.sums(), boundPlace(k));
}

Value TopKPasses::emitRaised(KernelBody &k, int64_t pass, Value bound,
                             Value digit) const {
  OpBuilder &b = k.builder();
  Value shift = arith::ConstantOp::create(
      b, k.loc(), b.getI32IntegerAttr(static_cast<int32_t>(shiftOf(pass))));
  Value bits = arith::BitcastOp::create(b, k.loc(), b.getI32Type(), bound);
  bits = arith::AddIOp::create(b, k.loc(), bits,
                               arith::ShLIOp::create(b, k.loc(), digit, shift));
  return arith::BitcastOp::create(b, k.loc(), b.getF32Type(), bits);
}

SmallVector<Value> TopKPasses::emitBounds(KernelBody &k, int64_t pass) const {
  Value bound = emitBound(k, pass);
  if (pass == lastPass)
    return {bound};
  OpBuilder &b = k.builder();
  SmallVector<Value> candidates;
  for (int64_t digit = 1; digit <= getSumCount(pass); ++digit)
    candidates.push_back(emitRaised(
        k, pass, bound,
        arith::ConstantOp::create(
            b, k.loc(), b.getI32IntegerAttr(static_cast<int32_t>(digit)))));
  return candidates;
}

SmallVector<Value> TopKPasses::emitTerms(KernelBody &k, int64_t pass,
                                         Value value, ValueRange bounds) const {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m(b, k.loc(), value.getType());
  auto where = [&](arith::CmpFPredicate predicate, Value bound, Value term) {
    Value holds = arith::CmpFOp::create(b, k.loc(), predicate, value, bound);
    return m.select(holds, term, m.constant(0));
  };
  Value one = m.constant(1);
  SmallVector<Value> terms;
  if (pass != lastPass) {
    for (Value candidate : bounds)
      terms.push_back(where(arith::CmpFPredicate::OGE, candidate, one));
    return terms;
  }
  // What is no number must be seen in the mean.
  terms.resize(equalSum + 1);
  terms[totalSum] = where(arith::CmpFPredicate::UGT, bounds[0], value);
  terms[aboveSum] = where(arith::CmpFPredicate::UGT, bounds[0], one);
  terms[equalSum] = where(arith::CmpFPredicate::OEQ, bounds[0], one);
  return terms;
}

Value TopKPasses::emitTotal(KernelBody &k, Value number) const {
  return sumStrided(k, k.sums(), number, k.mul(k.batch(), getTiles()),
                    rowFloats);
}

Value TopKPasses::emitCount(KernelBody &k) const {
  seg::PointwiseMath m = doubles(k);
  Value share = m.div(
      m.mul(indexToDouble(k, k.mul(k.batch(), elements)), m.constant(percent)),
      m.constant(100));
  return m.max(math::FloorOp::create(k.builder(), k.loc(), share),
               m.constant(1));
}

Value TopKPasses::emitReached(KernelBody &k, Value number) const {
  Value fewer = doubles(k).greater(emitCount(k), emitTotal(k, number));
  return arith::SelectOp::create(k.builder(), k.loc(), fewer,
                                 k.scalarConstant(0), k.scalarConstant(1));
}

void TopKPasses::emitNextBound(KernelBody &k, int64_t pass, Value digit) const {
  OpBuilder &b = k.builder();
  Value number = arith::FPToSIOp::create(b, k.loc(), b.getI32Type(), digit);
  k.storeScalar(emitRaised(k, pass, emitBound(k, pass), number), k.sums(),
                boundPlace(k));
}

void TopKPasses::emitResults(KernelBody &k) const {
  auto mean = cast<seg::TopKMeanOp>(op);
  seg::PointwiseMath m = doubles(k);
  auto total = [&](int64_t number) { return emitTotal(k, k.index(number)); };
  auto store = [&](Value value, Value result) {
    if (Value memref = outputOf(k, result))
      k.storeScalar(toFloat(k, value), memref, k.index(0));
  };
  Value threshold = loadDouble(k, k.sums(), boundPlace(k));
  Value count = emitCount(k), ties = m.sub(count, total(aboveSum));
  store(m.div(m.fma(ties, threshold, total(totalSum)), count), mean.getMean());
  store(threshold, mean.getThreshold());
  store(m.div(m.constant(1), count), mean.getWeight());
  store(m.div(ties, m.mul(count, total(equalSum))), mean.getTieWeight());
}

} // namespace segc
