//===- KernelNumbers.h - Numbers that kernels compute with ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DIALECT_SEG_IR_KERNELNUMBERS_H
#define SEGC_LIB_DIALECT_SEG_IR_KERNELNUMBERS_H

#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <limits>

namespace segc::seg {

/// Attributes are f64, kernels compute in f32: whether the number is finite
/// there.
inline bool isFiniteF32(double value) {
  return std::abs(value) <= std::numeric_limits<float>::max();
}

/// Whether the number is above 0 in f32 as well.
inline bool isPositiveF32(double value) {
  return isFiniteF32(value) && static_cast<float>(value) > 0;
}

/// What an error adds to a number that would be right in f64.
inline llvm::StringRef beyondF32(double value) {
  bool lost = std::isfinite(value) &&
              (!isFiniteF32(value) ||
               (value != 0 && static_cast<float>(value) == 0));
  return lost ? ", which f32 does not hold" : "";
}

} // namespace segc::seg

#endif // SEGC_LIB_DIALECT_SEG_IR_KERNELNUMBERS_H
