//===- RegionOfInterest.cpp - Where a case is predicted -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/RegionOfInterest.h"
#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Metrics/DistanceTransform.h"

#include <cmath>

using namespace segc;

namespace {
/// A box of voxels, x first.
struct Box {
  Size3 begin = {0, 0, 0}, end = {0, 0, 0};

  Size3 size() const {
    return {end[0] - begin[0], end[1] - begin[1], end[2] - begin[2]};
  }
  /// Calls f(place in the grid, place in the box, voxels) for each row.
  template <typename F>
  void forEachRow(const Size3 &grid, F f) const {
    int64_t inBox = 0;
    for (int64_t z = begin[2]; z < end[2]; ++z)
      for (int64_t y = begin[1]; y < end[1]; ++y, inBox += size()[0])
        f((z * grid[1] + y) * grid[0] + begin[0], inBox, size()[0]);
  }
};
} // namespace

/// The box around the marks, widened by the margin; empty without marks.
static Box boxAround(const Mask &marks, const LabelGrid &grid, double margin) {
  const Size3 &size = grid.size;
  Size3 low = size, high = {-1, -1, -1};
  for (int64_t z = 0, row = 0; z < size[2]; ++z)
    for (int64_t y = 0; y < size[1]; ++y, row += size[0])
      for (int64_t x = 0; x < size[0]; ++x) {
        if (!marks[static_cast<size_t>(row + x)])
          continue;
        const Size3 place = {x, y, z};
        for (size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], place[axis]);
          high[axis] = std::max(high[axis], place[axis]);
        }
      }
  Box box;
  if (high[0] < 0)
    return box;
  for (size_t axis = 0; axis < 3; ++axis) {
    // Compared as numbers, since a margin may be larger than any volume.
    const double steps = std::floor(margin / grid.spacing[axis]);
    const auto most =
        static_cast<int64_t>(std::min(steps, static_cast<double>(size[axis])));
    box.begin[axis] = std::max<int64_t>(0, low[axis] - most);
    box.end[axis] = std::min(size[axis], high[axis] + most + 1);
  }
  return box;
}

RegionOfInterest::RegionOfInterest(const Mask &marks, const LabelGrid &grid,
                                   double margin, ThreadPool &pool) {
  const Box box = boxAround(marks, grid, margin);
  const LabelGrid part = {box.size(), grid.spacing};
  if (part.voxels() == 0)
    return;
  region.resize(marks.size());
  Mask near(static_cast<size_t>(part.voxels()));
  box.forEachRow(grid.size, [&](int64_t from, int64_t to, int64_t length) {
    for (int64_t i = 0; i < length; ++i)
      near[static_cast<size_t>(to + i)] =
          marks[static_cast<size_t>(from + i)] != 0;
  });
  const std::vector<double> squares = squaredDistances(near, part, pool);
  peak = 2 * marks.size() + near.size() * (1 + sizeof(double));
  // Distances are sums of products: a voxel at the margin counts.
  const double limit = margin * margin * (1 + 1e-12);
  box.forEachRow(grid.size, [&](int64_t to, int64_t from, int64_t length) {
    for (int64_t i = 0; i < length; ++i)
      region[static_cast<size_t>(to + i)] =
          squares[static_cast<size_t>(from + i)] <= limit;
  });
}

StatusOr<RegionOfInterest>
RegionOfInterest::read(const std::string &path, const SourceCase &source,
                       double margin, const ImageLimits &limits, Notes &notes,
                       ThreadPool &pool) {
  SEGC_RETURN_IF_ERROR(checkImageExists(path));
  SEGC_ASSIGN_OR_RETURN(const Volume mask,
                        volumeFormatOf(path).read(path, limits));
  if (mask.channels != 1)
    return invalidArgument(path + ": " + std::to_string(mask.channels) +
                           " channels, expected one of a mask");
  SEGC_ASSIGN_OR_RETURN(const AxisOrder order,
                        matchGrids(mask.geometry, path, source.geometry(),
                                   source.path, "mask", notes));
  Mask marks(mask.voxels.size());
  std::vector<float> row(static_cast<size_t>(mask.geometry.size[0]));
  for (size_t begin = 0; begin < marks.size(); begin += row.size()) {
    mask.voxels.read(begin, row.size(), row.data());
    for (size_t i = 0; i < row.size(); ++i)
      marks[begin + i] = row[i] != 0;
  }
  marks = reordered(std::move(marks), mask.geometry.size, order);
  const VolumeGeometry &grid = source.geometry();
  RegionOfInterest region(marks, {grid.size, grid.spacing}, margin, pool);
  region.peak += mask.voxels.stored().size();
  return region;
}

void RegionOfInterest::clearOutside(std::vector<uint8_t> &labels,
                                    float *probabilities, int64_t classes,
                                    bool hasBackground,
                                    ThreadPool &pool) const {
  constexpr size_t block = 1 << 16;
  const size_t voxels = labels.size();
  pool.parallelFor(
      static_cast<int64_t>((voxels + block - 1) / block),
      [&](int64_t task, uint32_t) {
        const size_t begin = static_cast<size_t>(task) * block,
                     end = std::min(voxels, begin + block);
        for (size_t i = begin; i < end; ++i) {
          if (!isEmpty() && region[i])
            continue;
          labels[i] = 0;
          for (size_t c = 0; probabilities && c < static_cast<size_t>(classes);
               ++c)
            probabilities[c * voxels + i] = hasBackground && c == 0 ? 1 : 0;
        }
      });
}
