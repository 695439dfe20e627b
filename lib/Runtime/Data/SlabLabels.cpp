//===- SlabLabels.cpp - Labels of a volume, part by part ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/SlabLabels.h"
#include "ResizeTaps.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <cmath>

using namespace segc;

GridReturn GridReturn::identity(Shape3 shape) {
  GridReturn grid;
  grid.from = grid.to = shape;
  grid.voxels = shape[0] * shape[1] * shape[2];
  grid.stride = {shape[1] * shape[2], shape[2], 1};
  return grid;
}

static std::vector<Neighbours> neighboursAlong(const GridReturn &grid,
                                               size_t axis) {
  return neighbours(grid.from[axis], grid.to[axis],
                    grid.nearestAxis == axis ? Interpolation::Nearest
                    : grid.alignedCorners    ? Interpolation::LinearAligned
                                             : Interpolation::Linear);
}

std::vector<uint8_t> segc::scoresOfLabels(const GridReturn &grid,
                                          const std::vector<uint8_t> &marks) {
  std::array<std::vector<Neighbours>, 3> axes;
  for (size_t axis = 0; axis < 3; ++axis)
    axes[axis] = neighboursAlong(grid, axis);
  std::vector<uint8_t> scores(
      static_cast<size_t>(grid.from[0] * grid.from[1] * grid.from[2]));
  auto markRow = [&](int64_t z, int64_t y, const Neighbours &x) {
    uint8_t *row = scores.data() + (z * grid.from[1] + y) * grid.from[2];
    row[x.low] |= x.lowWeight != 0;
    row[x.high] |= x.highWeight != 0;
  };
  for (int64_t i = 0; i < grid.to[0]; ++i)
    for (int64_t j = 0; j < grid.to[1]; ++j) {
      const Neighbours &z = axes[0][static_cast<size_t>(i)],
                       &y = axes[1][static_cast<size_t>(j)];
      int64_t place = grid.first + i * grid.stride[0] + j * grid.stride[1];
      for (const Neighbours &x : axes[2]) {
        const bool marked = marks[static_cast<size_t>(place)];
        place += grid.stride[2];
        if (!marked)
          continue;
        for (auto [plane, planeWeight] :
             {std::pair(z.low, z.lowWeight), std::pair(z.high, z.highWeight)})
          for (auto [row, rowWeight] :
               {std::pair(y.low, y.lowWeight), std::pair(y.high, y.highWeight)})
            if (planeWeight != 0 && rowWeight != 0)
              markRow(plane, row, x);
      }
    }
  return scores;
}

SlabLabels::SlabLabels(const GridReturn &grid, const ScoreLayout &layout,
                       const std::array<std::vector<float>, 3> &scales,
                       Arrays arrays)
    : grid(grid), layout(layout), arrays(arrays) {
  for (size_t axis = 0; axis < 3; ++axis)
    for (const Neighbours &around : neighboursAlong(grid, axis)) {
      auto scaled = [&](int64_t place, double weight) {
        return static_cast<float>(
            weight *
            static_cast<double>(scales[axis][static_cast<size_t>(place)]));
      };
      taps[axis].push_back({around.low, around.high,
                            scaled(around.low, around.lowWeight),
                            scaled(around.high, around.highWeight)});
    }
}

int64_t SlabLabels::complete(size_t axis, int64_t scores) const {
  // A neighbour without weight, at the edge or where nothing is resized, is not
  // waited for.
  return std::partition_point(taps[axis].begin(), taps[axis].end(),
                              [&](const Tap &tap) {
                                return tap.low < scores &&
                                       (tap.highWeight == 0 ||
                                        tap.high < scores);
                              }) -
         taps[axis].begin();
}

uint64_t SlabLabels::bytesPerWorker(const GridReturn &grid,
                                    const ScoreLayout &layout) {
  return static_cast<uint64_t>((grid.from[2] + 1) * layout.values() +
                               layout.classes()) *
         sizeof(float);
}

void SlabLabels::write(const Shape3 &begin, const Shape3 &end,
                       const ScorePieces &pieces, ThreadPool &pool) const {
  const int64_t rows = end[1] - begin[1];
  if (rows <= 0 || end[2] <= begin[2])
    return;
  std::vector<std::vector<float>> buffers(
      pool.workers(),
      std::vector<float>(bytesPerWorker(grid, layout) / sizeof(float)));
  pool.parallelFor((end[0] - begin[0]) * rows,
                   [&](int64_t index, uint32_t worker) {
                     writeRow({begin[0] + index / rows, begin[1] + index % rows,
                               begin[2], end[2]},
                              pieces, buffers[worker].data());
                   });
}

/// The largest of equals is the first.
static int64_t argmax(const float *values, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (values[i] > values[best])
      best = i;
  return best;
}

static uint8_t lastRegion(const float *values, const ScoreLayout &layout) {
  const float threshold = layout.scores == Scores::Logits ? 0.0f : 0.5f;
  uint8_t label = 0;
  for (size_t i = 0; i < layout.regionLabels.size(); ++i)
    if (values[i] > threshold)
      label = layout.regionLabels[i];
  return label;
}

/// Turns the scores of a voxel into probabilities.
static void normalise(float *values, int64_t count, const ScoreLayout &layout) {
  const Scores scores = layout.scores;
  if (!layout.regionLabels.empty()) {
    for (int64_t i = 0; scores == Scores::Logits && i < count; ++i)
      values[i] = 1 / (1 + std::exp(-values[i]));
    return;
  }
  const float largest = *std::max_element(values, values + count);
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (scores == Scores::Logits)
      values[i] = std::exp(values[i] - largest);
    sum += values[i];
  }
  for (int64_t i = 0; i < count; ++i)
    values[i] /= sum;
}

static void applyHead(const LinearHead &head, const float *features,
                      float *classes) {
  std::copy(head.bias.begin(), head.bias.end(), classes);
  for (int64_t i = 0; i < head.features; ++i) {
    const float *weights = head.weights.data() + i * head.classes;
    for (int64_t c = 0; c < head.classes; ++c)
      classes[c] += features[i] * weights[c];
  }
}

/// Adds a row of scores, as far as the labels of `row` depend on it.
void SlabLabels::addRow(int64_t plane, int64_t line, float weight,
                        const Row &row, const ScorePieces &pieces,
                        float *sums) const {
  if (weight == 0)
    return;
  const Tap &last = taps[2][static_cast<size_t>(row.end - 1)];
  const int64_t channels = layout.channels,
                begin = taps[2][static_cast<size_t>(row.begin)].low,
                end = 1 + (last.highWeight == 0 ? last.low : last.high);
  for (int64_t part = 0; part < layout.parts; ++part)
    for (int64_t x = begin, next; x < end; x = next) {
      const int64_t piece = x / pieces.voxels, inPiece = x % pieces.voxels;
      next = std::min(end, x + pieces.voxels - inPiece);
      const float *from =
          pieces.at(plane, part, line, piece) + inPiece * channels;
      float *to = sums + (part * grid.from[2] + x) * channels;
      for (int64_t i = 0; i < (next - x) * channels; ++i)
        to[i] += weight * from[i];
    }
}

void SlabLabels::writeRow(const Row &row, const ScorePieces &pieces,
                          float *buffer) const {
  const Tap &tapZ = taps[0][static_cast<size_t>(row.z)],
            &tapY = taps[1][static_cast<size_t>(row.y)];
  const int64_t channels = layout.channels, classes = layout.classes(),
                values = layout.values(), rowValues = grid.from[2] * channels;
  float *rows = buffer, *voxel = rows + layout.parts * rowValues,
        *head = voxel + values;
  std::fill(rows, voxel, 0.0f);
  auto add = [&](int64_t plane, int64_t line, float weight) {
    addRow(plane, line, weight, row, pieces, rows);
  };
  add(tapZ.low, tapY.low, tapZ.lowWeight * tapY.lowWeight);
  add(tapZ.low, tapY.high, tapZ.lowWeight * tapY.highWeight);
  add(tapZ.high, tapY.low, tapZ.highWeight * tapY.lowWeight);
  add(tapZ.high, tapY.high, tapZ.highWeight * tapY.highWeight);
  int64_t place = grid.first + row.z * grid.stride[0] + row.y * grid.stride[1] +
                  row.begin * grid.stride[2];
  for (int64_t x = row.begin; x < row.end; ++x) {
    const Tap &tap = taps[2][static_cast<size_t>(x)];
    for (int64_t part = 0; part < layout.parts; ++part) {
      const float *low = rows + part * rowValues + tap.low * channels,
                  *high = rows + part * rowValues + tap.high * channels;
      for (int64_t i = 0; i < channels; ++i)
        voxel[part * channels + i] =
            tap.lowWeight * low[i] + tap.highWeight * high[i];
    }
    float *result = voxel;
    if (const std::optional<LinearHead> &map = layout.head)
      applyHead(*map, voxel, result = head);
    arrays.labels[place] = layout.regionLabels.empty()
                               ? static_cast<uint8_t>(argmax(result, classes))
                               : lastRegion(result, layout);
    if (arrays.probabilities) {
      normalise(result, classes, layout);
      for (int64_t i = 0; i < classes; ++i)
        arrays.probabilities[i * grid.voxels + place] = result[i];
    }
    place += grid.stride[2];
  }
}
