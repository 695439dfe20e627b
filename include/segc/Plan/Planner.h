//===- Planner.h - Plans from fingerprints ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_PLANNER_H
#define SEGC_PLAN_PLANNER_H

#include "segc/Plan/Plan.h"

namespace segc {

/// The networks that nnU-Net v2 plans, each with its budget of feature maps.
enum class PlannedNetwork { Plain, ResidualM, ResidualL };

/// The memory in bytes of the device that v2 plans a network for.
uint64_t plannedMemory(PlannedNetwork network);

/// Steps of an epoch of nnU-Net v2.
inline constexpr int64_t v2StepsPerEpoch = 250;

/// Plans by the rules of nnU-Net v2 2.8: 2d, 3d_fullres and, where a patch
/// covers little of a volume, 3d_lowres. `deviceMemory` in bytes scales the
/// budget of feature maps; 0 is plannedMemory().
StatusOr<Plan> planV2(const Fingerprint &fingerprint,
                      PlannedNetwork network = PlannedNetwork::Plain,
                      uint64_t deviceMemory = 0);

/// Plans by the rules of the published example: patch and target spacing of a
/// Decathlon task. Without a `task` the target spacing is the median of the
/// cases, and `patch` must be given (z, y, x). The published percentile
/// replaces the axis of the smallest spacing; `publishedAxis` keeps that, else
/// it is the coarsest axis that gets it.
struct ExamplePlanOptions {
  std::string task;
  std::vector<int64_t> patch;
  bool publishedAxis = false;
};
StatusOr<Plan> planExample(const Fingerprint &fingerprint,
                           const ExamplePlanOptions &options);

/// The patch of the MLPerf training benchmark (z, y, x).
inline constexpr std::array<int64_t, 3> mlperfPatch = {128, 128, 128};

/// Plans by the rules of the MLPerf training benchmark: the published spacing,
/// intensities, network and batch, whatever the data set. A smaller patch may
/// have fewer levels. Fails for planes, regions and an ignore label.
StatusOr<Plan> planMlperf(const Fingerprint &fingerprint,
                          const std::array<int64_t, 3> &patch = mlperfPatch);

/// Kernels and strides by v2's rule, and `patch` padded to what the strides
/// divide. Sizes may be halves: medians of an even number of cases.
struct PaddedTopology {
  Topology topology;
  std::vector<int64_t> patch;
};
PaddedTopology planTopologyV2(const std::vector<double> &spacing,
                              const std::vector<double> &patch);

/// Numbers in the feature maps that v2's networks write for one patch: its
/// estimate of a network's memory.
int64_t featureMapNumbers(const PlanConfiguration &configuration,
                          int64_t classes);

/// The value below which `percent` of the values lie, interpolated linearly as
/// NumPy does. The values are not empty.
double numpyPercentile(std::vector<double> values, double percent);

} // namespace segc

#endif // SEGC_PLAN_PLANNER_H
