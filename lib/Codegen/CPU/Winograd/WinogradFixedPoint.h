//===- WinogradFixedPoint.h - Scales of transformed factors -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Block fixed point: factors are 16-bit integers times a scale, of an input one
// for each tile and point, of a filter one for each point and output channel.
//
// No sum of a chain overflows. Inputs are at most `largestFixedInput`, so the
// sum is at most that times the sum of the filter's magnitudes in the chain,
// which the filter's scale keeps below 2^31 / largestFixedInput. That leaves a
// filter of like values fewer digits than a bound by its largest value would,
// and most filters more.
//
// Factors that are not finite have no integers: their scale is NaN, and so is
// what their products become.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H
#define SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H

#include "segc/Codegen/CPU/MultiplyEmitter.h"

namespace segc {

/// The points of a tile in scratch, at offsets in words: [point][channel] as
/// they are, and where their words and scales go.
struct FixedTile {
  int64_t points;          ///< How many.
  int64_t channels, lanes; ///< Channels in whole vectors.
  int64_t unrounded;       ///< Of the first value; whole vectors of points.
  int64_t multipliers;     ///< Memory of a scale's inverse for each point.
  int64_t pointPitch;      ///< Words from a point's words to the next one's.
};

/// Rounds the points of a tile to integers; `words` are those of the first
/// point, `scales` is where the scales go, in whole vectors.
void roundTile(KernelBody &body, const MultiplyEmitter &multiplier,
               const FixedTile &tile, mlir::Value words, mlir::Value scales);

/// Scales of a filter's vector of output channels, found by a look at all its
/// values: for each point of `points` vectors from `base` of scratch on.
class FixedFilterScales {
public:
  FixedFilterScales(int64_t points, int64_t base, int64_t lanes)
      : points(points), base(base), lanes(lanes) {}
  static int64_t scratchFloats(int64_t points, int64_t lanes) {
    return 3 * points * lanes;
  }

  void clear(KernelBody &body);
  /// Takes the values of an input channel at a point.
  void add(KernelBody &body, mlir::Value point, mlir::Value values);
  /// After the last channel of a chain.
  void endChain(KernelBody &body);
  /// After the last chain; from then on there are scales.
  void finish(KernelBody &body);
  mlir::Value scale(KernelBody &body, mlir::Value point);
  mlir::Value inverse(KernelBody &body, mlir::Value point);

private:
  /// Of each point, while looking: the largest magnitude, the sum of a chain
  /// and the largest of those.
  enum Row { Largest, Sum, LargestSum };
  mlir::Value at(KernelBody &body, Row row, mlir::Value point);
  void forPoints(KernelBody &body, llvm::function_ref<void(mlir::Value)> each);

  int64_t points, base, lanes;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFIXEDPOINT_H
