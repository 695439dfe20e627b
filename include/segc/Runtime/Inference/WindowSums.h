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
#include "segc/Runtime/Inference/WindowTiling.h"

namespace segc {

/// The axes along which a window is flipped, a bit for each.
using AxisFlips = unsigned;

/// The weighted sums of those voxels of a volume that windows still add to or
/// that are not read yet.
class WindowSums {
public:
  /// The tiling must outlive the sums.
  static StatusOr<WindowSums> create(const WindowTiling &tiling,
                                     const ScoreLayout &layout);
  static uint64_t bytes(const WindowTiling &tiling, const ScoreLayout &layout);

  /// Makes room, filled with zeros, for what a window is the first to add to.
  /// Windows are opened in their order.
  void open(int64_t window, ThreadPool &pool);
  /// Gives the room back that is not needed any more once a window is done.
  void release(int64_t window);
  /// Adds the probabilities or features of a window to a part of the layout:
  /// [depth][height][width][channels] of the patch, which show it with its axes
  /// flipped. The voxels of a window are added in the order of the calls,
  /// whatever the number of threads.
  void add(const Shape3 &place, AxisFlips flips, const float *values,
           int64_t part, ThreadPool &pool);
  /// The sums as scores of labels.
  ScorePieces pieces() const;

private:
  WindowSums(const WindowTiling &tiling, const ScoreLayout &layout);
  uint32_t &slotOf(int64_t z, int64_t y, int64_t unit);
  /// Sums of a part of a unit that is open.
  float *sumsOf(int64_t z, int64_t part, int64_t y, int64_t unit) const;

  const WindowTiling *tiling;
  int64_t channels, parts;
  bool logits;  ///< Probabilities become logits in front of the sums.
  bool sigmoid; ///< Probabilities are of regions.
  Shape3 extent;
  /// Where the units are in `sums`: [depth][height][unit], along the first axis
  /// of the tiling's order again and again from 0.
  std::vector<uint32_t> slots;
  std::vector<uint32_t> freeSlots;
  uint32_t usedSlots = 0; ///< Those behind them are 0.
  AlignedBuffer sums;
  /// The profile of the last axis, for each channel of a voxel.
  std::vector<float> rowWeights;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWSUMS_H
