//===- LabelResize.cpp - Resizing of labels to a planned grid -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mask of a label that is resized linearly has, at one voxel of the result,
// the sum of the weights of those of its eight neighbours that have the label.
// So at most eight masks matter to a voxel, and none is ever made. Nearest
// labels need no masks.
//
//===----------------------------------------------------------------------===//

#include "ResizeTaps.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>

using namespace segc;

namespace {

/// The eight voxels around a position.
struct Corners {
  std::array<int16_t, 8> labels;
  std::array<double, 8> weights;

  int16_t label() const;
};

} // namespace

int16_t Corners::label() const {
  int16_t best = 0;
  bool found = false;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (found && labels[i] <= best)
      continue;
    double sum = 0;
    for (size_t j = 0; j < labels.size(); ++j)
      sum += labels[j] == labels[i] ? weights[j] : 0;
    if (sum >= 0.5) {
      best = labels[i];
      found = true;
    }
  }
  return best;
}

void segc::resizeLabels(const int16_t *source, Shape3 from, int16_t *result,
                        Shape3 to, std::optional<size_t> nearestAxis,
                        ThreadPool &pool) {
  std::array<std::vector<Neighbours>, 3> around;
  for (size_t axis = 0; axis < 3; ++axis)
    around[axis] = neighbours(from[axis], to[axis],
                              nearestAxis == axis ? Interpolation::Nearest
                                                  : Interpolation::Linear);
  pool.parallelFor(to[0] * to[1], [&](int64_t row, uint32_t) {
    const Neighbours &z = around[0][static_cast<size_t>(row / to[1])];
    const Neighbours &y = around[1][static_cast<size_t>(row % to[1])];
    const std::array<const int16_t *, 4> rows = {
        source + (z.low * from[1] + y.low) * from[2],
        source + (z.low * from[1] + y.high) * from[2],
        source + (z.high * from[1] + y.low) * from[2],
        source + (z.high * from[1] + y.high) * from[2]};
    const std::array<double, 4> rowWeights = {
        z.lowWeight * y.lowWeight, z.lowWeight * y.highWeight,
        z.highWeight * y.lowWeight, z.highWeight * y.highWeight};
    int16_t *labels = result + row * to[2];
    for (const Neighbours &x : around[2]) {
      Corners corners;
      bool same = true;
      for (size_t i = 0; i < 4; ++i) {
        corners.labels[2 * i] = rows[i][x.low];
        corners.labels[2 * i + 1] = rows[i][x.high];
        corners.weights[2 * i] = rowWeights[i] * x.lowWeight;
        corners.weights[2 * i + 1] = rowWeights[i] * x.highWeight;
      }
      for (int16_t label : corners.labels)
        same &= label == corners.labels[0];
      *labels++ = same ? corners.labels[0] : corners.label();
    }
  });
}

/// For each voxel of a line the one of the source that it takes.
static std::vector<int64_t> pickedPlaces(int64_t from, int64_t to) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < to; ++i)
    places.push_back(std::min(
        from - 1, static_cast<int64_t>(static_cast<float>(i) * scale)));
  return places;
}

void segc::pickLabels(const int16_t *source, Shape3 from, int16_t *result,
                      Shape3 to, ThreadPool &pool) {
  std::array<std::vector<int64_t>, 3> places;
  for (size_t axis = 0; axis < 3; ++axis)
    places[axis] = pickedPlaces(from[axis], to[axis]);
  pool.parallelFor(to[0] * to[1], [&](int64_t row, uint32_t) {
    const int64_t z = places[0][static_cast<size_t>(row / to[1])];
    const int64_t y = places[1][static_cast<size_t>(row % to[1])];
    const int16_t *line = source + (z * from[1] + y) * from[2];
    std::transform(places[2].begin(), places[2].end(), result + row * to[2],
                   [&](int64_t x) { return line[x]; });
  });
}
