//===- Topology.h - Kernels and strides of an nnU-Net by level --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rule that derives a network from a patch size and a voxel spacing: an
// axis is halved while it is fine and long enough, and a kernel has size 3
// along an axis once its spacing is within twice the finest.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_TOPOLOGY_H
#define SEGC_PLAN_TOPOLOGY_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <vector>

namespace segc {

/// Kernels and strides by level; level 0 is the finest and has stride 1.
struct Topology {
  std::vector<std::vector<int64_t>> kernels;
  std::vector<std::vector<int64_t>> strides;

  size_t levels() const { return strides.size(); }
  /// The product of all strides, by axis.
  std::vector<int64_t> totalStride() const;
  /// Size of `patch` at the deepest level.
  std::vector<int64_t> bottleneck(const std::vector<int64_t> &patch) const;
};

/// Fails for a patch or spacing that is not positive or not 2-D or 3-D, and
/// for a patch that the strides do not divide (a decoder level would not have
/// its skip's size).
StatusOr<Topology> planTopology(const std::vector<int64_t> &patch,
                                const std::vector<double> &spacing);

/// min(32 * 2^level, 320 in 3-D, 512 in 2-D) for each level.
std::vector<int64_t> planFilters(size_t levels, size_t dim);

} // namespace segc

#endif // SEGC_PLAN_TOPOLOGY_H
