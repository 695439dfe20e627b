//===- SlicePadding.h - Padding of slices -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_SLICEPADDING_H
#define SEGC_LIB_RUNTIME_DATA_SLICEPADDING_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace segc {

/// Height and width in pixels.
struct Extent {
  int64_t height = 0, width = 0;

  Extent(const std::vector<int64_t> &sizes)
      : height(sizes[0]), width(sizes[1]) {}
  size_t size() const { return static_cast<size_t>(height * width); }
};

/// Puts a plane into the middle of a canvas of zeros, mirrored with the canvas.
template <typename T>
void padPlane(const std::vector<T> &plane, const Extent &from, const Extent &to,
              bool flipX, bool flipY, float *result) {
  std::fill(result, result + to.size(), 0.0f);
  const int64_t top = (to.height - from.height) / 2;
  const int64_t left = (to.width - from.width) / 2;
  for (int64_t y = 0; y < from.height; ++y) {
    const int64_t row = flipY ? to.height - 1 - (top + y) : top + y;
    for (int64_t x = 0; x < from.width; ++x) {
      const int64_t column = flipX ? to.width - 1 - (left + x) : left + x;
      result[row * to.width + column] =
          static_cast<float>(plane[static_cast<size_t>(y * from.width + x)]);
    }
  }
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_SLICEPADDING_H
