//===- UpdateBody.h - Common parts of optimizer kernels ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_UPDATEBODY_H
#define SEGC_CODEGEN_COMMON_UPDATEBODY_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

namespace segc {

/// The kernel of an update. Scalars of the step are computed in f64 and
/// broadcast to the element type where they are used.
class UpdateBody {
public:
  /// `type` is the type of the elements: f32 or a vector of it.
  UpdateBody(KernelBody &k, mlir::Type type) : k(k), type(type) {}

  /// Arithmetic on elements.
  seg::PointwiseMath elements() { return {k.builder(), k.loc(), type}; }
  mlir::Value load(mlir::Value operand) {
    return k.loadScalar(inputOf(k, operand), k.index(0));
  }
  mlir::Value loadDouble(mlir::Value operand) {
    return toDouble(k, load(operand));
  }
  /// Broadcasts a scalar of the step, of type f32, f64 or i1, to the type of
  /// the elements.
  mlir::Value broadcast(mlir::Value scalar) {
    return k.broadcast(scalar.getType().isF64() ? toFloat(k, scalar) : scalar,
                       type);
  }
  mlir::Value isNonZero(mlir::Value operand);
  /// Mask of the elements from `index` on whose index is less than `count`.
  mlir::Value isBefore(mlir::Value index, int64_t count);
  /// base^exponent by squaring; the exponent is an i64 of at least 0.
  mlir::Value power(double base, mlir::Value exponent);

  KernelBody &k;

private:
  mlir::Type type;
};

// Ops whose result is a function of a sum over flat gradients.

/// The term that a finite check adds up: 0 for finite x (and x * x, if
/// `squares`), otherwise NaN, which a sum keeps.
mlir::Value emitSumTerm(seg::AllFiniteOp op, const seg::PointwiseMath &math,
                        mlir::Value x);
/// 1 if the sum of such terms, an f32, is finite, else 0.
mlir::Value emitSumResult(seg::AllFiniteOp op, KernelBody &k, mlir::Value sum);

/// The square.
mlir::Value emitSumTerm(seg::ClipScaleOp op, const seg::PointwiseMath &math,
                        mlir::Value x);
/// The scale for gradients whose squares have this sum, an f32.
mlir::Value emitSumResult(seg::ClipScaleOp op, KernelBody &k, mlir::Value sum);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_UPDATEBODY_H
