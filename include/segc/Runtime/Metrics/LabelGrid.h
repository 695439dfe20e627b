//===- LabelGrid.h - Size and spacing of a label map ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_LABELGRID_H
#define SEGC_RUNTIME_METRICS_LABELGRID_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace segc {

/// The grid of a label map: x runs fastest; slices have a size of 1 along z.
struct LabelGrid {
  std::array<int64_t, 3> size = {0, 0, 0};
  std::array<double, 3> spacing = {1, 1, 1}; ///< millimetres

  int64_t voxels() const { return size[0] * size[1] * size[2]; }
  double voxelVolume() const { return spacing[0] * spacing[1] * spacing[2]; }
};

/// A set of voxels: 1 in it, 0 outside.
using Mask = std::vector<uint8_t>;

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_LABELGRID_H
