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

/// The largest number of pairs whose products are added in f16. The rounding
/// error grows with the sum, and the sum must stay in the range of f16.
inline constexpr int64_t maxChained = 16;

/// Limits of block fixed point: the largest number of pairs whose products are
/// added as integers, and the largest magnitude of a transformed input. The
/// magnitudes of filter values are bounded by the sum of a chain.
inline constexpr int64_t maxChainedFixed = 32, largestFixedInput = 16383;

/// The largest magnitude of a filter value before it is rounded.
inline constexpr double largestFixedFilter = 32766;

/// The largest magnitude of an input of 8 bits.
inline constexpr int64_t largestInt8 = 127;

/// Returns the largest sum of the magnitudes of a chain's filter values for
/// which no sum of products with inputs up to `largestInput` overflows.
/// Rounding adds at most 1/2 to each value; the rounding of the sum itself is
/// negligible.
constexpr double largestFixedChain(int64_t largestInput = largestFixedInput) {
  return double(std::numeric_limits<int32_t>::max()) / double(largestInput) -
         maxChainedFixed - 16;
}

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_FIXEDPOINT_H
