//===- QuantizedFactors.h - Scales of 8-bit factors -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_QUANTIZEDFACTORS_H
#define SEGC_CODEGEN_COMMON_QUANTIZEDFACTORS_H

#include "segc/Dialect/Seg/IR/PointwiseMath.h"

namespace segc {

/// Returns the scale of a convolution's input, which is dequantized.
double quantizedInputScale(mlir::Operation *conv);

/// The scale of output channels of a filter, and what weights are multiplied by
/// to become whole numbers.
struct FilterScale {
  mlir::Value scale, inverse;
};
/// Returns those of channels, or of a vector of them, whose weights are at most
/// `largest` in magnitude.
FilterScale filterScale(seg::PointwiseMath &m, mlir::Value largest);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_QUANTIZEDFACTORS_H
