//===- WinogradMatrices.h - Transforms of Winograd tiles --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Y = A^T [(G g) (B^T d)] in each dimension: m outputs y of a correlation with
// 3 taps g from m + 2 inputs d by m + 2 products (Lavin and Gray, arXiv
// 1509.09308). Tiles of 2 use the points 0, 1, -1; tiles of 4 the points
// 0, 1, -1, 1/2, -2, which err half as much as 2 and -2 do (Barabasz et al.,
// arXiv 1803.10986). A dimension without taps has m = 1 and 1x1 matrices.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_WINOGRADMATRICES_H
#define SEGC_CODEGEN_COMMON_WINOGRADMATRICES_H

#include "llvm/ADT/SmallVector.h"
#include <array>
#include <cstdint>

namespace segc {

/// A constant matrix that multiplies vectors of vectors.
struct TransformMatrix {
  int64_t rows, columns;
  llvm::SmallVector<double> values; ///< Row-major.

  double at(int64_t row, int64_t column) const {
    return values[row * columns + column];
  }
  bool isIdentity() const { return rows == 1 && columns == 1; }
  TransformMatrix transposed() const;
  /// The sum of the magnitudes of a row: how much larger than the values their
  /// transform may be.
  double gain(int64_t row) const;
};

/// B^T, G and A^T of tiles of `m` outputs (1, 2 or 4) and 3 taps.
TransformMatrix winogradInput(int64_t m);
TransformMatrix winogradFilter(int64_t m);
TransformMatrix winogradOutput(int64_t m);

/// The same for whole numbers. Tiles of 4 have the points 0, 1, -1, infinity,
/// 2, -2 and a B^T of whole numbers, so that transforms are exact. Tiles of 6,
/// which exist here alone, have 1/2 and -1/2 as well; B^T has quarters, and
/// sums are rounded to the nearest whole number. The rows of 2 and -2 and those
/// of 1/2 and -1/2 have the largest values that 16 bits hold.
TransformMatrix wholeWinogradInput(int64_t m);
TransformMatrix wholeWinogradFilter(int64_t m);
TransformMatrix wholeWinogradOutput(int64_t m);

/// What the transform of 8-bit integers at a point of tiles of these outputs is
/// divided by, a power of two, so that 16 bits hold it; the filter is
/// multiplied by it. Where it is not 1, transforms are rounded to the nearest
/// whole number. Points of 2 and -2, whose errors weigh most in the
/// outputs, have the smallest divisors.
int64_t wholeDivisor(const std::array<int64_t, 3> &tiles,
                     const std::array<int64_t, 3> &point);
/// The largest magnitude of such a transform.
int64_t largestWholeTransform(const std::array<int64_t, 3> &tiles);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_WINOGRADMATRICES_H
