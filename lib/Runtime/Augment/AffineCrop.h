//===- AffineCrop.h - Rows of a crop under an affine map --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_AFFINECROP_H
#define SEGC_LIB_RUNTIME_AUGMENT_AFFINECROP_H

#include "PatchKernels.h"
#include "segc/Runtime/Augment/PatchDraw.h"

#include <algorithm>

namespace segc {

/// Where the rows of a patch are in the part of a case that its crop covers.
class AffineCrop {
public:
  AffineCrop(const PatchDraw &draw, Shape3 patch, Shape3 caseShape);

  /// The box and the row for a row of the patch; false where all is outside.
  /// Voxels of the case are `step` elements apart.
  template <typename T>
  bool locate(const T *data, int64_t step, int64_t z, int64_t y,
              CaseBox<T> &box, AffineRow &row) const {
    int64_t plane = begin[0];
    if (!place(z, y, plane, row))
      return false;
    const int64_t strides[3] = {caseShape[1] * caseShape[2] * step,
                                caseShape[2] * step, step};
    box.data = data + plane * strides[0] + begin[1] * strides[1] +
               begin[2] * strides[2];
    for (int axis = 0; axis < 3; ++axis) {
      box.size[axis] = static_cast<int32_t>(size[static_cast<size_t>(axis)]);
      box.stride[axis] = static_cast<int32_t>(strides[axis]);
    }
    box.planar = planar;
    return true;
  }

  /// Calls f(z, y) for every row of a patch, in an order in which rows that
  /// follow each other share most of what they read.
  template <typename F>
  static void forEachRow(Shape3 patch, F &&f) {
    constexpr int64_t tile = 16;
    for (int64_t first = 0; first < patch[1]; first += tile)
      for (int64_t z = 0; z < patch[0]; ++z)
        for (int64_t y = first; y < std::min(first + tile, patch[1]); ++y)
          f(z, y);
  }

  /// Elements between the first and the last voxel of the box.
  int64_t span(int64_t step) const;

private:
  bool place(int64_t z, int64_t y, int64_t &plane, AffineRow &row) const;

  const PatchDraw &draw;
  Shape3 patch, caseShape;
  Shape3 begin, size; ///< Of the box in the case.
  bool planar;        ///< The first axis stays what it is.
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_AFFINECROP_H
