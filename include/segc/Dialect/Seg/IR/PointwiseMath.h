//===- PointwiseMath.h - Arithmetic on f32 or vectors of it -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What emitPoint implementations are written in: one spelling for scalars and
// vectors, and own transcendental functions, so that compiled models need no
// math library and give the same bits everywhere.

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

/// What a kernel holds a 16-bit float as in memory: f16 as itself, bf16 as i16,
/// since the processors that we compile for know no bf16 and LLVM would call a
/// library for it or take vectors apart.
mlir::Type storageType(mlir::Type element);
/// A scalar or vector of such a type as f32; f32 stays as it is.
mlir::Value widenFloat(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value);
/// f32 as the storage type `element`, rounded to nearest even; f32 stays as it
/// is.
mlir::Value narrowFloat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, mlir::Type element);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_POINTWISEMATH_H
