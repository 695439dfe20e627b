//===- Topology.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Topology.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace segc {

/// Levels below the finest.
static constexpr size_t maxDownsamplings = 5;

std::vector<int64_t> Topology::totalStride() const {
  std::vector<int64_t> total(strides.front().size(), 1);
  for (const std::vector<int64_t> &stride : strides)
    for (size_t axis = 0; axis < total.size(); ++axis)
      total[axis] *= stride[axis];
  return total;
}

std::vector<int64_t>
Topology::bottleneck(const std::vector<int64_t> &patch) const {
  std::vector<int64_t> size = patch, total = totalStride();
  for (size_t axis = 0; axis < size.size(); ++axis)
    size[axis] /= total[axis];
  return size;
}

static Status validate(const std::vector<int64_t> &patch,
                       const std::vector<double> &spacing) {
  if (patch.size() != 2 && patch.size() != 3)
    return invalidArgument("patch: expected 2 or 3 sizes, got " +
                           std::to_string(patch.size()));
  if (spacing.size() != patch.size())
    return invalidArgument("spacing: expected " + std::to_string(patch.size()) +
                           " values as the patch has, got " +
                           std::to_string(spacing.size()));
  for (int64_t size : patch)
    if (size < 1)
      return invalidArgument("patch: expected sizes of at least 1, got " +
                             std::to_string(size));
  for (double value : spacing)
    if (!(value > 0) || !std::isfinite(value))
      return invalidArgument("spacing: expected values above 0, got " +
                             std::to_string(value));
  return Status::success();
}

StatusOr<Topology> planTopology(const std::vector<int64_t> &patch,
                                const std::vector<double> &spacing) {
  SEGC_RETURN_IF_ERROR(validate(patch, spacing));
  size_t dim = patch.size();
  Topology topology;
  topology.strides.emplace_back(dim, 1);
  // Real sizes, so that 5 voxels halved are 2.5 and the rule sees them so.
  std::vector<double> size(patch.begin(), patch.end()), voxel = spacing;
  while (topology.kernels.size() < maxDownsamplings) {
    double finest = *std::min_element(voxel.begin(), voxel.end());
    std::vector<int64_t> kernel(dim), stride(dim);
    for (size_t axis = 0; axis < dim; ++axis) {
      bool fine = voxel[axis] / finest <= 2;
      kernel[axis] = fine ? 3 : 1;
      stride[axis] = fine && size[axis] >= 8 ? 2 : 1;
    }
    if (std::all_of(stride.begin(), stride.end(),
                    [](int64_t s) { return s == 1; }))
      break;
    for (size_t axis = 0; axis < dim; ++axis) {
      size[axis] /= static_cast<double>(stride[axis]);
      voxel[axis] *= static_cast<double>(stride[axis]);
    }
    topology.kernels.push_back(std::move(kernel));
    topology.strides.push_back(std::move(stride));
  }
  topology.kernels.emplace_back(dim, 3);

  std::vector<int64_t> total = topology.totalStride();
  for (size_t axis = 0; axis < dim; ++axis)
    if (patch[axis] % total[axis])
      return invalidArgument(
          "patch: axis " + std::to_string(axis) + " is halved " +
          std::to_string(std::lround(std::log2(total[axis]))) +
          " times, so expected a multiple of " + std::to_string(total[axis]) +
          ", got " + std::to_string(patch[axis]));
  return topology;
}

std::vector<int64_t> planFilters(size_t levels, size_t dim) {
  std::vector<int64_t> filters;
  int64_t count = 32, most = dim == 3 ? 320 : 512;
  for (size_t level = 0; level < levels; ++level) {
    filters.push_back(std::min(count, most));
    count = std::min(count * 2, most);
  }
  return filters;
}

} // namespace segc
