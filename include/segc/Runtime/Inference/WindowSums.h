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
                                     const ScoreLayout &layout);
  static uint64_t bytes(const WindowTiling &tiling, const ScoreLayout &layout);

  /// Sets planes to 0 that no window has added to; in their order.
  void open(int64_t begin, int64_t end, ThreadPool &pool);
  /// Adds the probabilities or features of a window to a part of the layout:
  /// [depth][height][width][channels] of the patch, which show it with its axes
  /// flipped. The voxels of a window are added in the order of the calls,
  /// whatever the number of threads.
  void add(const Shape3 &place, AxisFlips flips, const float *values,
           int64_t part, ThreadPool &pool);
  const float *plane(int64_t index) const {
    return ring.floats() + index % planes * planeValues;
  }

private:
  WindowSums(const WindowTiling &tiling, const ScoreLayout &layout);

  const WindowTiling *tiling;
  int64_t channels, planes, planeValues;
  bool logits;  ///< Probabilities become logits in front of the sums.
  bool sigmoid; ///< Probabilities are of regions.
  AlignedBuffer ring;
  /// The profile of the last axis, for each channel of a voxel.
  std::vector<float> rowWeights;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWSUMS_H
