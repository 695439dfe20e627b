//===- SurfaceDistances.cpp - Hausdorff and surface distances -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/SurfaceDistances.h"
#include "segc/Runtime/Metrics/DistanceTransform.h"
#include "segc/Runtime/Metrics/Metrics.h"

#include <cmath>
#include <limits>

using namespace segc;

static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
static constexpr double infinity = std::numeric_limits<double>::infinity();

Mask segc::surfaceOf(const Mask &mask, const LabelGrid &grid, size_t axes) {
  const auto &size = grid.size;
  const std::array<int64_t, 3> stride = {1, size[0], size[0] * size[1]};
  Mask surface(mask.size());
  int64_t place = 0;
  for (int64_t z = 0; z < size[2]; ++z)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t x = 0; x < size[0]; ++x, ++place) {
        const std::array<int64_t, 3> at = {x, y, z};
        for (size_t axis = 0; mask[place] && axis < axes; ++axis)
          if (at[axis] == 0 || at[axis] == size[axis] - 1 ||
              !mask[place - stride[axis]] || !mask[place + stride[axis]])
            surface[place] = 1;
      }
  return surface;
}

double SurfaceDistances::hausdorff() const { return hausdorffPercentile(1); }

double SurfaceDistances::hausdorffPercentile(double fraction) const {
  if (bothEmpty())
    return notANumber;
  if (oneEmpty())
    return infinity;
  return std::max(percentile(fromPrediction, fraction),
                  percentile(fromLabel, fraction));
}

double SurfaceDistances::average() const {
  if (bothEmpty())
    return notANumber;
  if (oneEmpty())
    return infinity;
  double sum = 0;
  for (const std::vector<double> *distances : {&fromPrediction, &fromLabel})
    for (double distance : *distances)
      sum += distance;
  return sum / double(fromPrediction.size() + fromLabel.size());
}

double SurfaceDistances::surfaceDice(double tolerance) const {
  if (bothEmpty())
    return notANumber;
  if (oneEmpty())
    return 0;
  auto within = [&](const std::vector<double> &distances) {
    return std::upper_bound(distances.begin(), distances.end(), tolerance) -
           distances.begin();
  };
  return double(within(fromPrediction) + within(fromLabel)) /
         double(fromPrediction.size() + fromLabel.size());
}

/// The distances of the voxels of `surface` to those of `other`.
static std::vector<double> distancesTo(const Mask &other, const Mask &surface,
                                       const LabelGrid &grid,
                                       ThreadPool &pool) {
  const std::vector<double> squared = squaredDistances(other, grid, pool);
  std::vector<double> result;
  for (size_t i = 0; i < surface.size(); ++i)
    if (surface[i])
      result.push_back(std::sqrt(squared[i]));
  std::sort(result.begin(), result.end());
  return result;
}

SurfaceDistances segc::surfaceDistances(const int32_t *predicted,
                                        const int32_t *expected, int32_t value,
                                        const LabelGrid &grid,
                                        ThreadPool &pool) {
  std::array<int64_t, 3> least = grid.size, most = {-1, -1, -1};
  int64_t place = 0;
  for (int64_t z = 0; z < grid.size[2]; ++z)
    for (int64_t y = 0; y < grid.size[1]; ++y)
      for (int64_t x = 0; x < grid.size[0]; ++x, ++place)
        if (predicted[place] == value || expected[place] == value) {
          const std::array<int64_t, 3> at = {x, y, z};
          for (size_t axis = 0; axis < 3; ++axis) {
            least[axis] = std::min(least[axis], at[axis]);
            most[axis] = std::max(most[axis], at[axis]);
          }
        }
  if (most[0] < 0)
    return {};
  // Nothing of either lies outside the box, so its border is surface as well.
  LabelGrid box = grid;
  for (size_t axis = 0; axis < 3; ++axis)
    box.size[axis] = most[axis] - least[axis] + 1;
  const size_t axes = grid.size[2] > 1 ? 3 : 2;
  auto cropped = [&](const int32_t *labels) {
    Mask mask;
    mask.reserve(static_cast<size_t>(box.voxels()));
    for (int64_t z = least[2]; z <= most[2]; ++z)
      for (int64_t y = least[1]; y <= most[1]; ++y) {
        const int32_t *row = labels + (z * grid.size[1] + y) * grid.size[0];
        for (int64_t x = least[0]; x <= most[0]; ++x)
          mask.push_back(row[x] == value);
      }
    return mask;
  };
  const Mask inPrediction = surfaceOf(cropped(predicted), box, axes),
             inLabel = surfaceOf(cropped(expected), box, axes);
  return {distancesTo(inLabel, inPrediction, box, pool),
          distancesTo(inPrediction, inLabel, box, pool)};
}
