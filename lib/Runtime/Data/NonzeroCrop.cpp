//===- NonzeroCrop.cpp - The box of a case that is not empty --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NonzeroCrop.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>

using namespace segc;

static size_t voxels(const Shape3 &shape) {
  return static_cast<size_t>(shape[0] * shape[1] * shape[2]);
}

static std::vector<uint8_t>
markVoxels(const std::vector<NetworkGrid<Voxels>> &channels, PlanRules rules,
           ThreadPool &pool) {
  const Shape3 &shape = channels.front().shape();
  std::vector<uint8_t> mask(voxels(shape));
  pool.parallelFor(shape[0], [&](int64_t depth, uint32_t) {
    std::vector<float> row(static_cast<size_t>(shape[2]));
    for (const NetworkGrid<Voxels> &channel : channels)
      for (int64_t height = 0; height < shape[1]; ++height) {
        channel.readRow(depth, height, 0, shape[2], row.data());
        uint8_t *marks = mask.data() + (depth * shape[1] + height) * shape[2];
        for (size_t i = 0; i < row.size(); ++i)
          marks[i] |= rules == PlanRules::Example ? row[i] > 0 : row[i] != 0;
      }
  });
  return mask;
}

static NonzeroCrop boxOf(const std::vector<uint8_t> &mask,
                         const Shape3 &shape) {
  Shape3 low = shape, high = {-1, -1, -1};
  for (int64_t depth = 0; depth < shape[0]; ++depth)
    for (int64_t height = 0; height < shape[1]; ++height) {
      const uint8_t *row = mask.data() + (depth * shape[1] + height) * shape[2];
      const uint8_t *end = row + shape[2];
      const uint8_t *first = std::find(row, end, 1);
      if (first == end)
        continue;
      while (end[-1] == 0)
        --end;
      const Shape3 from = {depth, height, first - row};
      const Shape3 to = {depth, height, end - row - 1};
      for (size_t axis = 0; axis < 3; ++axis) {
        low[axis] = std::min(low[axis], from[axis]);
        high[axis] = std::max(high[axis], to[axis]);
      }
    }
  NonzeroCrop crop;
  if (high[0] < 0)
    return crop;
  crop.begin = low;
  for (size_t axis = 0; axis < 3; ++axis)
    crop.shape[axis] = high[axis] - low[axis] + 1;
  return crop;
}

NonzeroCrop
segc::cropToNonzero(const std::vector<NetworkGrid<Voxels>> &channels,
                    PlanRules rules, ThreadPool &pool) {
  const Shape3 &shape = channels.front().shape();
  const std::vector<uint8_t> marks = markVoxels(channels, rules, pool);
  NonzeroCrop crop = boxOf(marks, shape);
  crop.mask.reserve(voxels(crop.shape));
  for (int64_t depth = 0; depth < crop.shape[0]; ++depth)
    for (int64_t height = 0; height < crop.shape[1]; ++height) {
      const auto row =
          marks.begin() +
          ((crop.begin[0] + depth) * shape[1] + crop.begin[1] + height) *
              shape[2] +
          crop.begin[2];
      crop.mask.insert(crop.mask.end(), row, row + crop.shape[2]);
    }
  if (rules == PlanRules::V2)
    fillHoles(crop.mask, crop.shape);
  return crop;
}

namespace {

/// Marks what reaches the faces of a box with 2, run by run.
class OutsideFlood {
public:
  OutsideFlood(std::vector<uint8_t> &mask, const Shape3 &shape)
      : mask(mask), shape(shape) {}

  void run() {
    for (int64_t depth = 0; depth < shape[0]; ++depth)
      for (int64_t height = 0; height < shape[1]; ++height) {
        const bool face = depth == 0 || depth + 1 == shape[0] || height == 0 ||
                          height + 1 == shape[1];
        if (face)
          seedRow(depth, height, 0, shape[2]);
        seedRow(depth, height, 0, 1);
        seedRow(depth, height, shape[2] - 1, shape[2]);
        drain();
      }
  }

private:
  struct Place {
    int64_t depth, height, width;
  };
  uint8_t *row(int64_t depth, int64_t height) {
    return mask.data() + (depth * shape[1] + height) * shape[2];
  }
  /// One place for each run of unmarked voxels in [begin, end) of a row.
  void seedRow(int64_t depth, int64_t height, int64_t begin, int64_t end) {
    if (depth < 0 || depth >= shape[0] || height < 0 || height >= shape[1])
      return;
    const uint8_t *values = row(depth, height);
    for (int64_t i = begin; i < end; ++i)
      if (values[i] == 0 && (i == begin || values[i - 1] != 0))
        pending.push_back({depth, height, i});
  }
  void drain() {
    while (!pending.empty()) {
      const Place place = pending.back();
      pending.pop_back();
      uint8_t *values = row(place.depth, place.height);
      if (values[place.width] != 0)
        continue;
      int64_t begin = place.width, end = place.width + 1;
      while (begin > 0 && values[begin - 1] == 0)
        --begin;
      while (end < shape[2] && values[end] == 0)
        ++end;
      std::fill(values + begin, values + end, uint8_t{2});
      for (int64_t step : {-1, 1}) {
        seedRow(place.depth + step, place.height, begin, end);
        seedRow(place.depth, place.height + step, begin, end);
      }
    }
  }

  std::vector<uint8_t> &mask;
  Shape3 shape;
  std::vector<Place> pending;
};

} // namespace

void segc::fillHoles(std::vector<uint8_t> &mask, const Shape3 &shape) {
  if (mask.empty())
    return;
  OutsideFlood(mask, shape).run();
  for (uint8_t &value : mask)
    value = value != 2;
}
