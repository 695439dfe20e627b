//===- PointwiseMath.h - Arithmetic on f32 or vectors of it -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Builds the arithmetic of emitPoint implementations, for scalars and vectors
// alike. It has its own transcendental functions, so that compiled models need
// no math library and compute the same bits everywhere.

#ifndef SEGC_DIALECT_SEG_IR_POINTWISEMATH_H
#define SEGC_DIALECT_SEG_IR_POINTWISEMATH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/APFloat.h"

namespace segc::seg {

class PointwiseMath {
public:
  /// `type` is f32 or a vector of f32.
  PointwiseMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type)
      : builder(builder), loc(loc), type(type) {}

  mlir::Value constant(double value) const;
  mlir::Value constant(const llvm::APFloat &value) const {
    return constant(value.convertToDouble());
  }
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) const;
  mlir::Value sqrt(mlir::Value a) const;
  mlir::Value max(mlir::Value a, mlir::Value b) const;
  mlir::Value min(mlir::Value a, mlir::Value b) const;
  /// A mask of `type`'s shape: a > b, ordered.
  mlir::Value greater(mlir::Value a, mlir::Value b) const;
  mlir::Value select(mlir::Value mask, mlir::Value a, mlir::Value b) const;
  /// e^a, at most 2 ulp off in [-87, 88]; 0 below, infinity above, NaN for NaN.
  mlir::Value exp(mlir::Value a) const;
  /// ln a for normal a > 0, at most 2 ulp off (absolute 1e-7 near 1).
  mlir::Value log(mlir::Value a) const;
  /// Uniform in [0, 1) with 24 bits: Philox-4x32-10 word 0 of the counter
  /// (index low, index high, stream low, stream high) under `key`. All are
  /// scalars of type i64; lane j uses index + j.
  mlir::Value uniform(mlir::Value index, mlir::Value stream,
                      mlir::Value key) const;

private:
  mlir::Type integerType(unsigned width) const;
  mlir::Value integerConstant(unsigned width, int64_t value) const;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;
};

/// The type of a 16-bit float in a kernel's memory: f16 for f16, and i16 for
/// bf16, because LLVM lowers bf16 on most targets to library calls or scalars.
mlir::Type storageType(mlir::Type element);
/// Extends a scalar or vector of a storage type to f32.
mlir::Value widenFloat(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value);
/// Rounds f32 to the storage type `element`, to nearest even. Does nothing if
/// that is f32.
mlir::Value narrowFloat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, mlir::Type element);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_POINTWISEMATH_H
