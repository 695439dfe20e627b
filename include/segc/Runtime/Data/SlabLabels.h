//===- SlabLabels.h - Labels of a volume, slab by slab ---------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way back from the grid of a network to that of a file: scores of all
// classes are resized linearly and the largest is taken, voxel by voxel, so
// that no volume with a value for every class is ever made. Only the planes of
// scores around the next plane of labels must be in memory.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_SLABLABELS_H
#define SEGC_RUNTIME_DATA_SLABLABELS_H

#include "segc/Runtime/Data/GridResize.h"

#include <functional>
#include <vector>

namespace segc {

/// What the values of a voxel are.
enum class Scores {
  Logits, ///< Of classes up to a constant of the voxel, such as logarithms.
  Probabilities
};

/// A linear map from the features of a voxel to the logits of its classes.
/// Resized and averaged features give resized and averaged logits.
struct LinearHead {
  int64_t features = 0, classes = 0;
  std::vector<float> weights; ///< [features][classes]
  std::vector<float> bias;    ///< [classes]
};

/// What a voxel of a plane of scores holds: a plane is [part][height][width]
/// [channels].
struct ScoreLayout {
  int64_t parts = 1;
  int64_t channels = 0; ///< Of a part: classes, or features with a head.
  Scores scores = Scores::Logits;
  /// Takes the features of all parts, one after the other.
  std::optional<LinearHead> head;
  /// Classes are regions that may overlap, each with a sigmoid of its own: a
  /// voxel gets the label of the last region whose probability is above 0.5,
  /// and 0 if none is. Empty where the largest class is the label.
  std::vector<uint8_t> regionLabels;

  int64_t values() const { return parts * channels; }
  int64_t classes() const { return head ? head->classes : channels; }
};

/// Where the voxels of a network's grid lie in an array on the grid of a file.
struct GridReturn {
  Shape3 from = {0, 0, 0}; ///< Grid of the network, without padding.
  Shape3 to = {0, 0, 0};   ///< What it is resized to, axes of the network.
  /// Planes across this axis are not interpolated, the nearest is taken.
  std::optional<size_t> nearestAxis;
  /// Interpolation::LinearAligned along the other axes, not Linear.
  bool alignedCorners = false;
  int64_t voxels = 0;        ///< Of the array.
  int64_t first = 0;         ///< Place of voxel (0, 0, 0) of `to`.
  Shape3 stride = {0, 0, 0}; ///< Of the axes of `to`; may be negative.

  /// An array that is the grid itself.
  static GridReturn identity(Shape3 shape);
};

/// Marks the voxels [depth][height][width] of grid.from that the labels of the
/// marked voxels of an array depend on; those outside of `to` are passed over.
std::vector<uint8_t> scoresOfLabels(const GridReturn &grid,
                                    const std::vector<uint8_t> &marks);

/// Turns planes of scores into labels in the order of the network's slowest
/// axis.
class SlabLabels {
public:
  /// Returns a plane of scores.
  using Planes = std::function<const float *(int64_t plane)>;
  struct Arrays {
    uint8_t *labels = nullptr;      ///< [voxels]
    float *probabilities = nullptr; ///< [classes][voxels], unless null.
  };

  /// Scores at (z, y, x) count scales[0][z] * scales[1][y] * scales[2][x]
  /// times. Voxels of the arrays outside of the grid are left as they are.
  SlabLabels(const GridReturn &grid, const ScoreLayout &layout,
             const std::array<std::vector<float>, 3> &scales, Arrays arrays);

  /// Writes the labels that depend on the first `planes` planes alone. The
  /// result does not depend on the number of threads.
  void write(int64_t planes, const Planes &planeOf, ThreadPool &pool);
  /// Returns the first plane that later labels depend on.
  int64_t firstNeeded() const;
  /// Returns the bytes that each thread takes.
  static uint64_t bytesPerWorker(const GridReturn &grid,
                                 const ScoreLayout &layout);

private:
  struct Tap {
    int64_t low, high;
    float lowWeight, highWeight;
  };
  void writeRow(int64_t z, int64_t y, const Planes &planeOf,
                float *buffer) const;

  GridReturn grid;
  ScoreLayout layout;
  Arrays arrays;
  std::array<std::vector<Tap>, 3> taps;
  int64_t next = 0; ///< Plane of labels.
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_SLABLABELS_H
