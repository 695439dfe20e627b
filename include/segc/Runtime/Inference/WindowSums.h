//===- WindowSums.h - Weighted sums of the values of windows ---*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWSUMS_H
#define SEGC_RUNTIME_INFERENCE_WINDOWSUMS_H

#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Data/SlabLabels.h"
#include "segc/Runtime/Inference/Windows.h"

namespace segc {

/// The axes along which a window is flipped, a bit for each.
using AxisFlips = unsigned;

/// The weighted sums of a volume in the planes that windows still add to, and
/// those that are not read yet: a ring along the slowest axis.
class WindowSums {
public:
  /// The tiling must outlive the sums.
  static StatusOr<WindowSums> create(const WindowTiling &tiling,
                                     int64_t classes, Scores scores);
  static uint64_t bytes(const WindowTiling &tiling, int64_t classes);

  /// Sets planes to 0 that no window has added to.
  void open(int64_t begin, int64_t end, ThreadPool &pool);
  /// Adds the probabilities of a window, [depth][height][width][classes] of
  /// the patch, which show it with its axes flipped. The voxels of a window are
  /// added in the order of the calls, whatever the number of threads.
  void add(const Shape3 &place, AxisFlips flips, const float *probabilities,
           ThreadPool &pool);
  const float *plane(int64_t index) const {
    return ring.floats() + index % planes * planeValues;
  }

private:
  WindowSums(const WindowTiling &tiling, int64_t classes, Scores scores);

  const WindowTiling *tiling;
  int64_t classes, planes, planeValues;
  Scores scores;
  AlignedBuffer ring;
  /// The profile of the last axis, for each class of a voxel.
  std::vector<float> rowWeights;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWSUMS_H
