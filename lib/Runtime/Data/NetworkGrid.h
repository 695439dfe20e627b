//===- NetworkGrid.h - A channel with the axes of a network -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NETWORKGRID_H
#define SEGC_LIB_RUNTIME_DATA_NETWORKGRID_H

#include "segc/Runtime/Data/GridResize.h"
#include "segc/Runtime/Data/Voxels.h"

namespace segc {

/// A view of voxels whose axis i is axis transpose[i] of (z, y, x).
template <typename Array>
class NetworkGrid {
public:
  NetworkGrid(const GridView<Array> &view,
              const std::array<int64_t, 3> &transpose)
      : array(*view.array), first(view.first) {
    for (size_t axis = 0; axis < 3; ++axis) {
      const auto ofView = static_cast<size_t>(2 - transpose[axis]);
      shape_[axis] = view.size[ofView];
      stride[axis] = view.stride[ofView];
    }
  }

  const Shape3 &shape() const { return shape_; }

  /// Writes `length` voxels of the row (depth, height) from `begin` on.
  template <typename T>
  void readRow(int64_t depth, int64_t height, int64_t begin, int64_t length,
               T *result) const {
    const int64_t start =
        first + depth * stride[0] + height * stride[1] + begin * stride[2];
    for (int64_t i = 0; i < length; ++i)
      result[i] =
          static_cast<T>(array[static_cast<size_t>(start + i * stride[2])]);
  }

private:
  const Array &array;
  int64_t first;
  Shape3 shape_, stride;
};

/// Voxels are decoded a row at a time.
template <>
template <>
inline void NetworkGrid<Voxels>::readRow(int64_t depth, int64_t height,
                                         int64_t begin, int64_t length,
                                         float *result) const {
  const int64_t start =
      first + depth * stride[0] + height * stride[1] + begin * stride[2];
  array.read(static_cast<size_t>(start), static_cast<size_t>(length), result,
             stride[2]);
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_NETWORKGRID_H
