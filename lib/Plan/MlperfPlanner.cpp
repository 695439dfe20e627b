//===- MlperfPlanner.cpp - Plans by the MLPerf training benchmark ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerStages.h"

#include <algorithm>

using namespace segc;

/// Filters of the levels above the bottleneck, which has those of the last.
static constexpr std::array<int64_t, 5> benchmarkFilters = {32, 64, 128, 256,
                                                            320};

/// Millimetres between slices, rows and columns (KiTS19).
static constexpr std::array<double, 3> targetSpacing = {1.6, 1.2, 1.2};

/// The benchmark clips and scales by these, whatever the cases hold.
static void setIntensities(ForegroundIntensities &values) {
  values.lowerClip = -79;
  values.upperClip = 304;
  values.mean = 101;
  values.std = 76.9;
}

/// How often a patch is halved: five times, as published, or as often as leaves
/// two voxels an axis; one would have no variance to be normalised by.
static size_t halvingsOf(const std::array<int64_t, 3> &patch) {
  size_t halvings = 0;
  auto halves = [&](int64_t size) {
    const int64_t step = int64_t{2} << halvings;
    return size % step == 0 && size / step >= 2;
  };
  while (halvings < benchmarkFilters.size() &&
         std::all_of(patch.begin(), patch.end(), halves))
    ++halvings;
  return halvings;
}

static void setNetwork(size_t halvings, PlanConfiguration &configuration) {
  for (size_t level = 0; level <= halvings; ++level) {
    configuration.topology.kernels.push_back({3, 3, 3});
    configuration.topology.strides.push_back(
        std::vector<int64_t>(3, level ? 2 : 1));
    configuration.filters.push_back(
        benchmarkFilters[std::min(level, halvings - 1)]);
  }
  configuration.encoderBlocks.assign(halvings + 1, 2);
  configuration.decoderBlocks.assign(halvings, 2);
}

StatusOr<Plan> segc::planMlperf(const Fingerprint &fingerprint,
                                const std::array<int64_t, 3> &patch) {
  SEGC_RETURN_IF_ERROR(verify(fingerprint));
  for (const Fingerprint::Case &entry : fingerprint.cases)
    if (std::count(entry.shape.begin(), entry.shape.end(), 1) > 0)
      return invalidArgument("the rules mlperf: expected volumes, got a case "
                             "of one plane; plan by the rules of v2");
  const size_t halvings = halvingsOf(patch);
  if (halvings == 0)
    return invalidArgument("patch: expected even sizes of at least 4, got " +
                           std::to_string(patch[0]) + " x " +
                           std::to_string(patch[1]) + " x " +
                           std::to_string(patch[2]));
  Plan plan = planFor(fingerprint, PlanRules::Mlperf);
  for (ForegroundIntensities &values : plan.intensities)
    setIntensities(values);
  const size_t channels = plan.channelNames.size();
  PlanConfiguration configuration;
  configuration.name = "3d_fullres";
  configuration.spacing.assign(targetSpacing.begin(), targetSpacing.end());
  configuration.patch.assign(patch.begin(), patch.end());
  configuration.medianShape =
      flooredMedianShape(fingerprint, configuration.spacing);
  configuration.batch = 2;
  setNetwork(halvings, configuration);
  configuration.normalization.assign(channels, "ct");
  configuration.useMask.assign(channels, false);
  plan.configurations.push_back(std::move(configuration));
  SEGC_RETURN_IF_ERROR(verify(plan));
  return plan;
}

static Status verifyNetwork(const PlanConfiguration &configuration) {
  const std::string where =
      "configuration " + configuration.name + ": the rules mlperf: ";
  if (configuration.patch.size() != 3)
    return invalidArgument(where + "patch: expected 3 sizes, got " +
                           std::to_string(configuration.patch.size()));
  auto differs = [&](const char *key, int64_t expected, int64_t value) {
    return invalidArgument(where + key + ": expected " +
                           std::to_string(expected) + ", got " +
                           std::to_string(value));
  };
  if (configuration.topology.levels() < 2)
    return invalidArgument(where + "strides: expected at least 2 levels, got " +
                           std::to_string(configuration.topology.levels()));
  for (const std::vector<int64_t> &kernel : configuration.topology.kernels)
    for (int64_t taps : kernel)
      if (taps != 3)
        return differs("kernels", 3, taps);
  for (size_t level = 1; level < configuration.topology.levels(); ++level)
    for (int64_t stride : configuration.topology.strides[level])
      if (stride != 2)
        return differs("strides below the first level", 2, stride);
  for (const auto *blocks :
       {&configuration.encoderBlocks, &configuration.decoderBlocks})
    for (int64_t count : *blocks)
      if (count != 2)
        return differs("encoder_blocks and decoder_blocks", 2, count);
  const std::vector<int64_t> &filters = configuration.filters;
  const int64_t above = filters[filters.size() - 2];
  if (filters.back() != above)
    return differs("filters of the last two levels", above, filters.back());
  if (configuration.residualEncoder || configuration.batchDice)
    return invalidArgument(
        where +
        (configuration.residualEncoder ? "residual_encoder" : "batch_dice") +
        ": expected false, got true");
  return Status::success();
}

Status segc::verifyMlperf(const Plan &plan) {
  const char *unknown = !plan.regions.empty() ? "regions"
                        : plan.ignoreLabel    ? "an ignore label"
                                              : nullptr;
  if (unknown)
    return invalidArgument(std::string("plan: the rules mlperf: expected "
                                       "classes that exclude each other, "
                                       "got ") +
                           unknown);
  for (const PlanConfiguration &configuration : plan.configurations)
    SEGC_RETURN_IF_ERROR(verifyNetwork(configuration));
  return Status::success();
}
