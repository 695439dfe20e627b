//===- ViewRows.h - Rows of a view of voxels --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_VIEWROWS_H
#define SEGC_LIB_RUNTIME_DATA_VIEWROWS_H

#include "segc/Runtime/Data/Voxels.h"

namespace segc {

/// Decodes the voxels of a row along x together, which is cheaper than one by
/// one.
inline void readRow(const VoxelView &view, int64_t y, int64_t z,
                    float *values) {
  const int64_t start = view.first + y * view.stride[1] + z * view.stride[2];
  view.array->read(static_cast<size_t>(start),
                   static_cast<size_t>(view.size[0]), values, view.stride[0]);
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_VIEWROWS_H
