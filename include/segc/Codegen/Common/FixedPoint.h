//===- FixedPoint.h - Limits of 16-bit multiplications ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_FIXEDPOINT_H
#define SEGC_CODEGEN_COMMON_FIXEDPOINT_H

#include <cstdint>
#include <limits>

namespace segc {

/// Pairs whose products may be added in f16: what rounding does grows with the
/// sum, and the sum must stay in f16's range.
inline constexpr int64_t maxChained = 16;

/// Of block fixed point: pairs whose products may be added as integers, and the
/// largest magnitude of a transformed input. That of a filter's value is
/// bounded by the sum of a chain.
inline constexpr int64_t maxChainedFixed = 32, largestFixedInput = 16383;

/// A filter's value, which rounding may take to the next integer.
inline constexpr double largestFixedFilter = 32766;

/// The magnitudes of a filter's values in a chain together, so that no sum of
/// products overflows: rounding adds at most 1/2 to each, and that of the
/// magnitudes' sum is far less than the rest.
inline constexpr double largestFixedChain =
    double(std::numeric_limits<int32_t>::max()) / largestFixedInput -
    maxChainedFixed - 16;

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_FIXEDPOINT_H
