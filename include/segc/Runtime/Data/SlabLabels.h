//===- SlabLabels.h - Labels of a volume, part by part ---------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way back from the grid of a network to that of a file: scores of all
// classes are resized linearly and the largest is taken, voxel by voxel, so
// that no volume with a value for every class is ever made. Only the scores
// around the labels that are written must be in memory.
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

/// What a voxel holds: a row of scores is [part][width][channels].
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

/// Where scores are: each row of a part is in pieces of so many voxels, of
/// which the last may have fewer.
struct ScorePieces {
  int64_t voxels = 0;
  std::function<const float *(int64_t plane, int64_t part, int64_t row,
                              int64_t piece)>
      at;
};

/// Marks the voxels [depth][height][width] of grid.from that the labels of the
/// marked voxels of an array depend on; those outside of `to` are passed over.
std::vector<uint8_t> scoresOfLabels(const GridReturn &grid,
                                    const std::vector<uint8_t> &marks);

/// Turns scores into labels.
class SlabLabels {
public:
  struct Arrays {
    uint8_t *labels = nullptr;      ///< [voxels]
    float *probabilities = nullptr; ///< [classes][voxels], unless null.
  };

  /// Scores at (z, y, x) count scales[0][z] * scales[1][y] * scales[2][x]
  /// times. Voxels of the arrays outside of the grid are left as they are.
  SlabLabels(const GridReturn &grid, const ScoreLayout &layout,
             const std::array<std::vector<float>, 3> &scales, Arrays arrays);

  /// Returns how many labels along an axis depend on the first scores alone.
  int64_t complete(size_t axis, int64_t scores) const;
  /// Writes the labels of a box on the grid `to`. The result does not depend on
  /// the number of threads.
  void write(const Shape3 &begin, const Shape3 &end, const ScorePieces &pieces,
             ThreadPool &pool) const;
  /// Returns the bytes that each thread takes.
  static uint64_t bytesPerWorker(const GridReturn &grid,
                                 const ScoreLayout &layout);

private:
  struct Tap {
    int64_t low, high;
    float lowWeight, highWeight;
  };
  struct Row {
    int64_t z, y, begin, end;
  };
  void writeRow(const Row &row, const ScorePieces &pieces, float *buffer) const;
  void addRow(int64_t plane, int64_t line, float weight, const Row &row,
              const ScorePieces &pieces, float *sums) const;

  GridReturn grid;
  ScoreLayout layout;
  Arrays arrays;
  std::array<std::vector<Tap>, 3> taps;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_SLABLABELS_H
