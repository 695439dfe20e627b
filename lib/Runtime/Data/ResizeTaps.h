//===- ResizeTaps.h - Source voxels of a resized line -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_RESIZETAPS_H
#define SEGC_LIB_RUNTIME_DATA_RESIZETAPS_H

#include "segc/Runtime/Data/GridResize.h"

#include <vector>

namespace segc {

/// For each voxel of a resized line, `count` neighbours in the source and their
/// weights.
struct ResizeTaps {
  /// How far neighbours of cubic interpolation lie outside of the source.
  static constexpr int64_t margin = 2;

  int64_t count = 1;
  /// The first neighbour; from -margin on, the last one below size + margin.
  std::vector<int64_t> first;
  std::vector<double> weights; ///< [voxel][neighbour]

  ResizeTaps(int64_t from, int64_t to, Interpolation interpolation);
};

/// The two voxels around a position, with the edges held.
struct Neighbours {
  int64_t low, high;
  double lowWeight, highWeight;
};

/// Those of each voxel of a line that is resized linearly, in one of the two
/// ways, or to the nearest voxel.
std::vector<Neighbours> neighbours(int64_t from, int64_t to,
                                   Interpolation interpolation);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_RESIZETAPS_H
