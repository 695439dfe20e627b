//===- FixedPoint.h - What bounds the integers of fixed point ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_FIXEDPOINT_H
#define SEGC_CODEGEN_CPU_FIXEDPOINT_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include <limits>

namespace segc {

/// A filter's value, which rounding may take to the next integer.
inline constexpr double largestFixedFilter = 32766;

/// The magnitudes of a filter's values in a chain together, so that no sum of
/// products overflows: rounding adds at most 1/2 to each, and that of the
/// magnitudes' sum is far less than the rest.
inline constexpr double largestFixedChain =
    double(std::numeric_limits<int32_t>::max()) / largestFixedInput -
    maxChainedFixed - 16;

} // namespace segc

#endif // SEGC_CODEGEN_CPU_FIXEDPOINT_H
