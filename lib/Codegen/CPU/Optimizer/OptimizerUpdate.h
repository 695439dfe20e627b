//===- OptimizerUpdate.h - What optimizers share ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Updates of flat parameters, in place or not: every element is read before
// it is written, and what depends on the step alone is computed once a task.

#ifndef SEGC_LIB_CODEGEN_CPU_OPTIMIZER_OPTIMIZERUPDATE_H
#define SEGC_LIB_CODEGEN_CPU_OPTIMIZER_OPTIMIZERUPDATE_H

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

/// Tasks of a launch over so many elements.
inline int64_t tasksOf(int64_t size) {
  return llvm::divideCeilSigned(size, taskElements);
}

/// The scalars of one update. f64 where they are computed with, splat where
/// vectors meet them.
class UpdateBody {
public:
  UpdateBody(KernelBody &k, int64_t lanes) : k(k), lanes(lanes) {}

  seg::PointwiseMath vectors() {
    return {k.builder(), k.loc(), k.vectorType(lanes)};
  }
  seg::PointwiseMath doubles() {
    return {k.builder(), k.loc(), k.builder().getF64Type()};
  }
  mlir::Value load(mlir::Value operand) {
    return k.loadScalar(inputOf(k, operand), k.index(0));
  }
  mlir::Value loadDouble(mlir::Value operand) {
    return toDouble(k, load(operand));
  }
  mlir::Value splat(mlir::Value scalar) {
    return k.splat(scalar.getType().isF64() ? toFloat(k, scalar) : scalar,
                   lanes);
  }
  /// All lanes or none.
  mlir::Value splatCondition(mlir::Value condition) {
    return k.splat(condition, lanes);
  }
  mlir::Value isNonZero(mlir::Value operand) {
    return mlir::arith::CmpFOp::create(k.builder(), k.loc(),
                                       mlir::arith::CmpFPredicate::UNE,
                                       load(operand), k.scalarConstant(0));
  }

  /// base^exponent by squaring; the exponent is an i64 of at least 0.
  mlir::Value power(double base, mlir::Value exponent) {
    mlir::OpBuilder &b = k.builder();
    mlir::Type i64 = b.getI64Type();
    seg::PointwiseMath m = doubles();
    return k.loop(
        k.index(0), k.index(63), 1, {m.constant(1), m.constant(base)},
        [&](mlir::Value bit,
            mlir::ValueRange values) -> llvm::SmallVector<mlir::Value> {
          mlir::Value shift =
              mlir::arith::IndexCastOp::create(b, k.loc(), i64, bit);
          mlir::Value rest =
              mlir::arith::ShRUIOp::create(b, k.loc(), exponent, shift);
          mlir::Value odd =
              mlir::arith::TruncIOp::create(b, k.loc(), b.getI1Type(), rest);
          mlir::Value product = m.mul(values[0], values[1]);
          return {m.select(odd, product, values[0]),
                  m.mul(values[1], values[1])};
        })[0];
  }

  KernelBody &k;
  int64_t lanes;
};

/// Emits an update of the tensors `updated` (operands, in the order of the
/// results). `prepare` computes scalars; `update` gets one vector of each
/// operand tensor by operand number and returns the new values. Nothing
/// changes where `finite` is 0.
template <typename OpTy>
mlir::LogicalResult emitUpdate(
    FusionEmitter &emitter, OpTy op, llvm::ArrayRef<mlir::Value> updated,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(UpdateBody &)> prepare,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(
        UpdateBody &, mlir::Value index, llvm::ArrayRef<mlir::Value>,
        llvm::ArrayRef<mlir::Value>)>
        update) {
  int64_t size = op.getParams().getType().getNumElements(),
          lanes = emitter.getTarget().lanes;
  emitter.launch({tasksOf(size), 0}, 0, [&](KernelBody &k) {
    UpdateBody body(k, lanes);
    mlir::Value begin = k.mul(k.task(), taskElements),
                end = k.min(k.add(begin, taskElements), k.index(size));
    mlir::Value finite = body.splatCondition(body.isNonZero(op.getFinite()));
    llvm::SmallVector<mlir::Value> prepared = prepare(body);
    forVectors(k, begin, end, lanes, 2, [&](mlir::Value i, mlir::Value mask) {
      llvm::SmallVector<mlir::Value> vectors;
      llvm::DenseMap<mlir::Value, mlir::Value> loaded;
      for (mlir::Value operand : op->getOperands()) {
        if (llvm::cast<mlir::RankedTensorType>(operand.getType()).getRank() ==
            0)
          continue;
        mlir::Value &vector = loaded[operand];
        if (!vector)
          vector = k.load(inputOf(k, operand), i, lanes, mask);
        vectors.push_back(vector);
      }
      for (auto [result, old, value] : llvm::zip_equal(
               op->getResults(), updated, update(body, i, vectors, prepared)))
        if (mlir::Value memref = outputOf(k, result))
          k.store(body.vectors().select(finite, value, loaded.lookup(old)),
                  memref, i, mask);
    });
  });
  return mlir::success();
}

/// The gradient that an update sees: unscaled, with weight decay on the first
/// elements.
class Gradient {
public:
  template <typename OpTy>
  Gradient(UpdateBody &body, OpTy op)
      : decayElements(op.getDecayElements()),
        size(op.getParams().getType().getNumElements()) {
    seg::PointwiseMath m = body.doubles();
    inverseScale =
        body.splat(m.div(m.constant(1), body.loadDouble(op.getLossScale())));
    decay = body.splat(body.load(op.getWeightDecay()));
  }
  mlir::Value operator()(UpdateBody &body, mlir::Value index,
                         mlir::Value params, mlir::Value grads) const {
    seg::PointwiseMath m = body.vectors();
    mlir::Value scaled = m.mul(grads, inverseScale);
    if (decayElements == 0)
      return scaled;
    mlir::Value decayed = m.fma(decay, params, scaled);
    if (decayElements == size)
      return decayed;
    mlir::Value mask = body.k.prefixMask(
        body.k.sub(body.k.index(decayElements), index), body.lanes);
    return m.select(mask, decayed, scaled);
  }

private:
  int64_t decayElements, size;
  mlir::Value inverseScale, decay;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_OPTIMIZER_OPTIMIZERUPDATE_H
