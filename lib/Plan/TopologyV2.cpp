//===- TopologyV2.cpp - Kernels and strides by nnU-Net v2 -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Planner.h"

#include <algorithm>
#include <cmath>

using namespace segc;

/// The least size of a feature map.
static constexpr double minFeatureMap = 4;

/// The axes that the next level halves: long enough, and of a spacing below
/// twice the smallest of those. Few voxels are not halved for one axis alone.
static std::vector<size_t> halvedAxes(const std::vector<double> &size,
                                      const std::vector<double> &spacing) {
  std::vector<size_t> longEnough, halved;
  double finest = HUGE_VAL;
  for (size_t axis = 0; axis < size.size(); ++axis)
    if (size[axis] >= 2 * minFeatureMap) {
      longEnough.push_back(axis);
      finest = std::min(finest, spacing[axis]);
    }
  for (size_t axis : longEnough)
    if (spacing[axis] / finest < 2)
      halved.push_back(axis);
  if (halved.size() == 1 && size[halved[0]] < 3 * minFeatureMap)
    halved.clear();
  return halved;
}

PaddedTopology segc::planTopologyV2(const std::vector<double> &spacing,
                                    const std::vector<double> &patch) {
  const size_t dim = spacing.size();
  PaddedTopology result;
  Topology &topology = result.topology;
  std::vector<double> size = patch, voxel = spacing;
  std::vector<int64_t> kernel(dim, 1);
  topology.strides.emplace_back(dim, 1);
  for (std::vector<size_t> axes = halvedAxes(size, voxel); !axes.empty();
       axes = halvedAxes(size, voxel)) {
    const double finest = *std::min_element(voxel.begin(), voxel.end());
    std::vector<int64_t> stride(dim, 1);
    for (size_t axis = 0; axis < dim; ++axis)
      if (voxel[axis] / finest < 2)
        kernel[axis] = 3;
    for (size_t axis : axes) {
      stride[axis] = 2;
      voxel[axis] *= 2;
      size[axis] = std::ceil(size[axis] / 2);
    }
    topology.strides.push_back(stride);
    topology.kernels.push_back(kernel);
  }
  topology.kernels.emplace_back(dim, 3);
  const std::vector<int64_t> total = topology.totalStride();
  for (size_t axis = 0; axis < dim; ++axis) {
    const auto divisor = static_cast<double>(total[axis]);
    const double rest = std::fmod(patch[axis], divisor);
    result.patch.push_back(static_cast<int64_t>(
        rest == 0 ? patch[axis] : patch[axis] + divisor - rest));
  }
  return result;
}

static int64_t product(const std::vector<int64_t> &values) {
  int64_t result = 1;
  for (int64_t value : values)
    result *= value;
  return result;
}

int64_t segc::featureMapNumbers(const PlanConfiguration &configuration,
                                int64_t classes) {
  const Topology &topology = configuration.topology;
  const std::vector<int64_t> &filters = configuration.filters;
  std::vector<int64_t> size = configuration.patch;
  // A residual encoder has a stem in front of its first level.
  int64_t numbers =
      configuration.residualEncoder ? filters[0] * product(size) : 0;
  for (size_t level = 0; level < topology.levels(); ++level) {
    bool halved = false;
    for (size_t axis = 0; axis < size.size(); ++axis) {
      halved |= topology.strides[level][axis] != 1;
      size[axis] /= topology.strides[level][axis];
    }
    const int64_t map = filters[level] * product(size);
    const int64_t blocks = configuration.encoderBlocks[level];
    numbers += map * blocks * (configuration.residualEncoder ? 2 : 1);
    // The convolution of a skip whose size or number of channels changes.
    const bool widened = level > 0 && filters[level] != filters[level - 1];
    if (configuration.residualEncoder && (halved || widened))
      numbers += map;
    if (level + 1 == topology.levels())
      break;
    // Of the decoder: its convolutions and the transposed one.
    numbers += map * (configuration.decoderBlocks[level] + 1);
    if (level == 0)
      numbers += classes * product(size);
  }
  return numbers;
}
