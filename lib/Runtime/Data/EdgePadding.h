//===- EdgePadding.h - Padding with the outermost voxels --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_EDGEPADDING_H
#define SEGC_LIB_RUNTIME_DATA_EDGEPADDING_H

#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Data/GridResize.h"

#include <algorithm>

namespace segc {

/// Repeats the outermost voxels of a box in an array up to the edges of the
/// array, as NumPy's pad does with mode "edge". A voxel is `step` values.
template <typename T>
void repeatEdges(T *values, const Shape3 &shape, const Shape3 &boxBegin,
                 const Shape3 &boxShape, int64_t step, ThreadPool &pool) {
  const int64_t row = shape[2] * step;
  auto nearestInBox = [&](size_t axis, int64_t place) {
    return std::clamp(place, boxBegin[axis],
                      boxBegin[axis] + boxShape[axis] - 1);
  };
  auto rowAt = [&](int64_t z, int64_t y) {
    return values + (z * shape[1] + y) * row;
  };
  // Rows of the box are complete before others copy them.
  pool.parallelFor(boxShape[0], [&](int64_t task, uint32_t) {
    for (int64_t y = 0; y < boxShape[1]; ++y) {
      T *target = rowAt(boxBegin[0] + task, boxBegin[1] + y);
      for (int64_t x = 0; x < shape[2]; ++x)
        if (const int64_t source = nearestInBox(2, x); source != x)
          std::copy_n(target + source * step, step, target + x * step);
    }
  });
  pool.parallelFor(shape[0], [&](int64_t z, uint32_t) {
    for (int64_t y = 0; y < shape[1]; ++y) {
      const int64_t sourceZ = nearestInBox(0, z), sourceY = nearestInBox(1, y);
      if (sourceZ != z || sourceY != y)
        std::copy_n(rowAt(sourceZ, sourceY), row, rowAt(z, y));
    }
  });
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_EDGEPADDING_H
