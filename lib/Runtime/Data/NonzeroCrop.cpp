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

static bool isMarked(float value, PlanRules rules) {
  return rules == PlanRules::Example ? value > 0 : value != 0;
}

namespace {

/// The box around the marked voxels of a plane: height, width. No voxel is
/// marked if `high` is negative.
struct PlaneBox {
  std::array<int64_t, 2> low = {0, 0}, high = {-1, -1};
};

/// Finds the box of a plane.
class PlaneScan : public PlaneBox {
public:
  PlaneScan(const std::vector<NetworkGrid<Voxels>> &channels, PlanRules rules,
            int64_t depth)
      : channels(channels), rules(rules), depth(depth),
        height(channels.front().shape()[1]),
        width(channels.front().shape()[2]) {
    int64_t top = 0;
    while (top < height && (low[1] = firstMarked(top, width)) == width)
      ++top;
    if (top == height)
      return;
    low[0] = top;
    high[1] = lastMarked(top, low[1]);
    for (high[0] = height - 1; high[0] > top; --high[0])
      if (firstMarked(high[0], width) < width)
        break;
    // Of the rows between, the ends outside of the box count alone.
    for (int64_t row = top + 1; row <= high[0]; ++row) {
      low[1] = firstMarked(row, low[1]);
      high[1] = lastMarked(row, high[1]);
    }
  }

private:
  static constexpr int64_t chunk = 64;

  /// The first marked voxel of a row in front of `end`, else `end`.
  int64_t firstMarked(int64_t row, int64_t end) const {
    float values[chunk];
    int64_t found = end;
    for (const NetworkGrid<Voxels> &channel : channels)
      for (int64_t begin = 0; begin < found; begin += chunk) {
        const int64_t length = std::min(chunk, found - begin);
        channel.readRow(depth, row, begin, length, values);
        for (int64_t i = 0; i < length; ++i)
          if (isMarked(values[i], rules)) {
            found = begin + i;
            break;
          }
      }
    return found;
  }
  /// The last marked voxel of a row behind `begin`, else `begin`.
  int64_t lastMarked(int64_t row, int64_t begin) const {
    float values[chunk];
    int64_t found = begin;
    for (const NetworkGrid<Voxels> &channel : channels)
      for (int64_t end = width; end > found + 1; end -= chunk) {
        const int64_t length = std::min(chunk, end - found - 1);
        channel.readRow(depth, row, end - length, length, values);
        for (int64_t i = length - 1; i >= 0; --i)
          if (isMarked(values[i], rules)) {
            found = end - length + i;
            break;
          }
      }
    return found;
  }

  const std::vector<NetworkGrid<Voxels>> &channels;
  PlanRules rules;
  int64_t depth, height, width;
};

} // namespace

NonzeroCrop segc::nonzeroBox(const std::vector<NetworkGrid<Voxels>> &channels,
                             PlanRules rules, ThreadPool &pool) {
  const Shape3 &shape = channels.front().shape();
  std::vector<PlaneBox> planes(static_cast<size_t>(shape[0]));
  pool.parallelFor(shape[0], [&](int64_t depth, uint32_t) {
    planes[static_cast<size_t>(depth)] = PlaneScan(channels, rules, depth);
  });
  Shape3 low = shape, high = {-1, -1, -1};
  for (int64_t depth = 0; depth < shape[0]; ++depth) {
    const PlaneBox &plane = planes[static_cast<size_t>(depth)];
    if (plane.high[0] < 0)
      continue;
    const Shape3 from = {depth, plane.low[0], plane.low[1]},
                 to = {depth, plane.high[0], plane.high[1]};
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
  NonzeroCrop crop = nonzeroBox(channels, rules, pool);
  crop.mask.resize(static_cast<size_t>(crop.voxels()));
  const Shape3 &begin = crop.begin, &shape = crop.shape;
  pool.parallelFor(shape[0], [&](int64_t depth, uint32_t) {
    std::vector<float> row(static_cast<size_t>(shape[2]));
    for (const NetworkGrid<Voxels> &channel : channels)
      for (int64_t height = 0; height < shape[1]; ++height) {
        channel.readRow(begin[0] + depth, begin[1] + height, begin[2], shape[2],
                        row.data());
        uint8_t *marks =
            crop.mask.data() + (depth * shape[1] + height) * shape[2];
        for (size_t i = 0; i < row.size(); ++i)
          marks[i] |= isMarked(row[i], rules);
      }
  });
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
