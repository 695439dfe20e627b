//===- UpdateBody.h - What updates of parameters share ----------*- C++ -*-===//
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

/// The kernel of an update. Scalars of the step are f64 where they are computed
/// with, and broadcast where elements meet them.
class UpdateBody {
public:
  /// `type` is that of elements: f32 or a vector of it.
  UpdateBody(KernelBody &k, mlir::Type type) : k(k), type(type) {}

  /// Arithmetic on elements.
  seg::PointwiseMath elements() { return {k.builder(), k.loc(), type}; }
  mlir::Value load(mlir::Value operand) {
    return k.loadScalar(inputOf(k, operand), k.index(0));
  }
  mlir::Value loadDouble(mlir::Value operand) {
    return toDouble(k, load(operand));
  }
  /// A scalar of the step, of type f32, f64 or i1, for all elements.
  mlir::Value broadcast(mlir::Value scalar) {
    return k.broadcast(scalar.getType().isF64() ? toFloat(k, scalar) : scalar,
                       type);
  }
  mlir::Value isNonZero(mlir::Value operand);
  /// Which of the elements from `index` on are before `count`.
  mlir::Value isBefore(mlir::Value index, int64_t count);
  /// base^exponent by squaring; the exponent is an i64 of at least 0.
  mlir::Value power(double base, mlir::Value exponent);

  KernelBody &k;

private:
  mlir::Type type;
};

/// What a finite check adds up: 0 for finite x (and x * x, if `squares`), else
/// NaN, which stays through sums.
mlir::Value emitFiniteTerm(const seg::PointwiseMath &math, mlir::Value x,
                           bool squares);
/// 1 if the sum of such terms, an f32, is finite, else 0.
mlir::Value emitIsFinite(KernelBody &k, mlir::Value sum);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_UPDATEBODY_H
