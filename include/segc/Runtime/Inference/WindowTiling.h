//===- WindowTiling.h - Order of windows and life of sums ------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWTILING_H
#define SEGC_RUNTIME_INFERENCE_WINDOWTILING_H

#include "segc/Runtime/Inference/Windows.h"

#include <array>

namespace segc {

/// How the windows of a volume are predicted.
struct WindowUse {
  /// How many windows fill a batch.
  int64_t samples = 1;
  /// Several members of an ensemble predict a round of windows one after the
  /// other; without rounds a window is done at once.
  bool hasRounds = false;
  /// Axes along which sums are interpolated: the last voxel of those that are
  /// complete is needed again.
  std::array<bool, 3> resized = {false, false, false};
};

/// A box of units along the three axes.
struct UnitBox {
  Shape3 begin, end;
};

/// The windows of a volume: the product of those of its axes, one after the
/// other in an order in which few sums are kept at a time. The sums of a voxel
/// are kept from the first window that has it to the last; those of some voxels
/// of a row, a unit, are kept together.
class WindowTiling {
public:
  WindowTiling(Shape3 shape, Shape3 patch, const WindowOptions &options,
               const WindowUse &use = {});

  std::array<WindowAxis, 3> axes;
  /// The axes, that along which windows change last in front: depth, height,
  /// width, unless another order saves an eighth of the sums.
  const std::array<size_t, 3> &order() const { return axisOrder; }
  int64_t windows() const;
  /// Windows that all members predict before the first is done.
  int64_t windowsPerRound() const;
  /// Returns which of the starts along each axis is that of a window.
  Shape3 startsOf(int64_t window) const;
  /// Returns the place of a window in the image.
  Shape3 place(int64_t window) const;

  /// The voxels of a unit; the last of a row may have fewer.
  int64_t unitVoxels() const { return rowUnit; }
  /// The most units that are kept at a time.
  int64_t keptUnits() const { return kept; }
  /// The units along each axis; along the first of the order those that are
  /// kept at a time.
  Shape3 unitExtent() const;
  /// Returns the units that a window is the first to add to.
  UnitBox opened(int64_t window) const;
  /// Returns the units that nothing needs any more once a window is done.
  UnitBox released(int64_t window) const;

private:
  /// Window k of an axis opens the units opens[k] to opens[k + 1] along it.
  struct Bounds {
    std::vector<int64_t> opens, releases;
  };
  /// Units along an axis that the same window opens and the same releases.
  struct UnitClass {
    int64_t opens, releases, count;
  };
  void setOrder(const std::array<size_t, 3> &order, const WindowUse &use);
  static Bounds boundsOf(const WindowAxis &axis, int64_t unit, bool isResized);
  static std::vector<UnitClass> classesOf(const Bounds &bounds);
  int64_t countKept() const;
  /// Returns the number of a window, or of its round, among all.
  int64_t timeOf(const Shape3 &starts) const;
  int64_t startCount(size_t place) const {
    return static_cast<int64_t>(axes[axisOrder[place]].starts.size());
  }

  std::array<size_t, 3> axisOrder = {0, 1, 2};
  std::array<Bounds, 3> bounds;
  int64_t rowUnit = 1, kept = 0, startsPerRound = 1;
  bool hasRounds;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWTILING_H
