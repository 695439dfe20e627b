//===- KernelNumbers.h - Checks of f64 attributes ---------------*- C++ -*-===//
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

/// Returns whether the number is finite in f32, in which kernels compute.
inline bool isFiniteF32(double value) {
  return std::abs(value) <= std::numeric_limits<float>::max();
}

/// Returns whether the number is above 0 in f32.
inline bool isPositiveF32(double value) {
  return isFiniteF32(value) && static_cast<float>(value) > 0;
}

/// Returns a suffix for errors about a number that is valid only in f64.
inline llvm::StringRef beyondF32(double value) {
  bool lost =
      std::isfinite(value) &&
      (!isFiniteF32(value) || (value != 0 && static_cast<float>(value) == 0));
  return lost ? ", which f32 does not hold" : "";
}

} // namespace segc::seg

#endif // SEGC_LIB_DIALECT_SEG_IR_KERNELNUMBERS_H
