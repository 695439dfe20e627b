//===- WinogradFixedPoint.h - Scales of transformed factors -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Block fixed point: factors are 16-bit integers times a scale. An input has a
// scale for each tile and point, a filter one for each point and output
// channel.
//
// No sum of a chain overflows. Inputs are at most `largestFixedInput`, so the
// sum is at most that times the sum of the filter's magnitudes in the chain,
// which the filter's scale keeps below 2^31 / largestFixedInput. Compared with
// a bound by the largest value, this leaves fewer digits to filters with values
// of similar size, and more digits to most filters.
//
// Inputs of 8 bits need none of this: their transforms are exact integers of
// one scale, with a bound of their own (WinogradTiling::largestInput).
//
// Factors that are not finite have no integers: their scale is NaN, and so are
// their products.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H
#define SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H

#include "segc/Codegen/CPU/MultiplyEmitter.h"

namespace segc {

/// Layout of a tile's points in scratch, with offsets in words: the unrounded
/// points [point][channel], their rounded words and their scales.
struct FixedTile {
  int64_t points;          ///< Number of points.
  int64_t channels, lanes; ///< Channels, rounded up to whole vectors.
  int64_t unrounded;       ///< Offset of the unrounded points, whose number is
                           ///< rounded up to whole vectors.
  int64_t multipliers;     ///< Offset of the inverse scales of the points.
  int64_t pointPitch;      ///< Words between neighbouring points.
};

/// Rounds the points of a tile to integers. `words` is the offset of the first
/// point's rounded words, `scales` that of the scales, which are stored in
/// whole vectors.
void roundTile(KernelBody &body, const MultiplyEmitter &multiplier,
               const FixedTile &tile, mlir::Value words, mlir::Value scales);

/// Finds the scales of a vector of output channels of a filter, one for each
/// point, from all its values. It uses scratch from `base` on.
class FixedFilterScales {
public:
  /// `largestChain` bounds the sum of a chain's magnitudes.
  FixedFilterScales(int64_t points, int64_t base, int64_t lanes,
                    double largestChain)
      : points(points), base(base), lanes(lanes), largestChain(largestChain) {}
  static int64_t scratchFloats(int64_t points, int64_t lanes) {
    return 3 * points * lanes;
  }

  void clear(KernelBody &body);
  /// Adds the values of an input channel at a point.
  void add(KernelBody &body, mlir::Value point, mlir::Value values);
  /// Must be called after the last channel of a chain.
  void endChain(KernelBody &body);
  /// Computes the scales. Must be called after the last chain and before
  /// `scale` and `inverse`.
  void finish(KernelBody &body);
  mlir::Value scale(KernelBody &body, mlir::Value point);
  mlir::Value inverse(KernelBody &body, mlir::Value point);

private:
  /// The values that are accumulated for each point: the largest magnitude, the
  /// sum of the current chain, and the largest such sum. `finish` overwrites
  /// the first two with the scale and its inverse.
  enum Row { Largest, Sum, LargestSum };
  mlir::Value at(KernelBody &body, Row row, mlir::Value point);
  void forPoints(KernelBody &body, llvm::function_ref<void(mlir::Value)> each);

  int64_t points, base, lanes;
  double largestChain;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H
