//===- ExamplePlanner.cpp - Plans by the published example ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerStages.h"
#include "segc/Plan/Tasks.h"

#include <algorithm>
#include <cmath>

using namespace segc;

/// The median; if the spacing is anisotropic the 10th percentile along one
/// axis.
static std::array<double, 3> targetSpacing(const Fingerprint &fingerprint,
                                           bool publishedAxis) {
  std::array<double, 3> target = medianSpacing(fingerprint);
  auto [finest, coarsest] = std::minmax_element(target.begin(), target.end());
  if (*coarsest / *finest < 3)
    return target;
  const auto axis =
      static_cast<size_t>((publishedAxis ? finest : coarsest) - target.begin());
  target[axis] = spacingPercentile(fingerprint, axis, 10);
  return target;
}

static StatusOr<PlanConfiguration>
configurationOf(const Fingerprint &fingerprint, const PatchPlan &patch) {
  PlanConfiguration result;
  const size_t dim = patch.patch.size();
  result.name = dim == 3 ? "3d_fullres" : "2d";
  result.spacing = patch.spacing;
  result.patch = patch.patch;
  result.medianShape = flooredMedianShape(fingerprint, patch.spacing);
  result.batch = dim == 3 ? 2 : 64;
  SEGC_ASSIGN_OR_RETURN(result.topology,
                        planTopology(patch.patch, patch.spacing));
  const size_t levels = result.topology.levels();
  result.filters = planFilters(levels, dim);
  result.encoderBlocks.assign(levels, 2);
  result.decoderBlocks.assign(levels - 1, 2);
  result.batchDice = true;
  return result;
}

StatusOr<Plan> segc::planExample(const Fingerprint &fingerprint,
                                 const ExamplePlanOptions &options) {
  SEGC_RETURN_IF_ERROR(verify(fingerprint));
  Plan plan = planFor(fingerprint, PlanRules::Example);
  PatchPlan volumes, planes;
  bool ct = false;
  if (!options.task.empty()) {
    SEGC_ASSIGN_OR_RETURN(DecathlonTask task, findDecathlonTask(options.task));
    volumes = task.plan3d;
    planes = task.plan2d;
    ct = task.modality == "CT";
    if (task.channels != static_cast<int64_t>(plan.channelNames.size()))
      return invalidArgument("task " + task.id + ": expected " +
                             std::to_string(task.channels) + " channels, got " +
                             std::to_string(plan.channelNames.size()));
    if (task.intensity)
      for (ForegroundIntensities &values : plan.intensities) {
        values.lowerClip = task.intensity->least;
        values.upperClip = task.intensity->most;
        values.mean = task.intensity->mean;
        values.std = task.intensity->deviation;
      }
  } else {
    const std::array<double, 3> target =
        targetSpacing(fingerprint, options.publishedAxis);
    volumes.spacing.assign(target.begin(), target.end());
    planes.spacing.assign(target.begin() + 1, target.end());
    ct = fingerprint.channelNames[0] == "CT";
  }
  if (!options.patch.empty()) {
    if (options.patch.size() != 3)
      return invalidArgument("patch: expected 3 sizes, got " +
                             std::to_string(options.patch.size()));
    volumes.patch = options.patch;
    planes.patch.assign(options.patch.begin() + 1, options.patch.end());
  }
  if (volumes.patch.empty())
    return invalidArgument(
        "the published example has patches for tasks 01 to 10 only; give the "
        "task or a patch, or plan by the rules of v2");
  for (const PatchPlan &patch : {volumes, planes}) {
    SEGC_ASSIGN_OR_RETURN(PlanConfiguration configuration,
                          configurationOf(fingerprint, patch));
    // Zeros are background, which CT does not have.
    configuration.normalization.assign(plan.channelNames.size(),
                                       ct ? "ct" : "zscore");
    configuration.useMask.assign(plan.channelNames.size(), !ct);
    plan.configurations.push_back(std::move(configuration));
  }
  SEGC_RETURN_IF_ERROR(verify(plan));
  return plan;
}
