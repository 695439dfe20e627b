//===- Plan.cpp - Checks of fingerprints and plans ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Plan.h"
#include "PlannerStages.h"
#include "segc/Plan/DataPipeline.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace segc;

const char *segc::planRulesName(PlanRules rules) {
  switch (rules) {
  case PlanRules::Example:
    return "example";
  case PlanRules::V2:
    return "v2";
  case PlanRules::Mlperf:
    return "mlperf";
  }
  return "";
}

std::optional<PlanRules> segc::findPlanRules(const std::string &name) {
  for (PlanRules rules : allPlanRules)
    if (name == planRulesName(rules))
      return rules;
  return std::nullopt;
}

std::vector<std::string> DatasetDescription::outputNames() const {
  return {classNames.begin() + (regions.empty() ? 0 : 1), classNames.end()};
}

std::vector<std::string> DatasetDescription::labelNames() const {
  if (regions.empty())
    return classNames;
  std::vector<std::string> names = {classNames.front()};
  auto nameOf = [&](int64_t value) -> std::string & {
    while (static_cast<int64_t>(names.size()) <= value)
      names.push_back("label " + std::to_string(names.size()));
    return names[static_cast<size_t>(value)];
  };
  for (const std::vector<int64_t> &region : regions)
    for (int64_t value : region)
      nameOf(value);
  for (size_t i = 0; i < regionsClassOrder.size(); ++i)
    nameOf(regionsClassOrder[i]) = classNames[i + 1];
  return names;
}

int64_t DatasetDescription::labelValues() const {
  auto values = static_cast<int64_t>(classNames.size());
  if (!regions.empty())
    values = 1;
  for (const std::vector<int64_t> &region : regions)
    for (int64_t value : region)
      values = std::max(values, value + 1);
  return std::max(values, ignoreLabel.value_or(-1) + 1);
}

const PlanConfiguration *Plan::find(const std::string &name) const {
  auto found = std::find_if(
      configurations.begin(), configurations.end(),
      [&](const PlanConfiguration &known) { return known.name == name; });
  return found == configurations.end() ? nullptr : &*found;
}

StatusOr<const PlanConfiguration *>
segc::chooseConfiguration(const Plan &plan, const std::string &name) {
  if (const PlanConfiguration *found =
          plan.find(name.empty() ? "3d_fullres" : name))
    return found;
  if (name.empty() && plan.configurations.size() == 1)
    return &plan.configurations.front();
  std::string names;
  for (const PlanConfiguration &known : plan.configurations)
    names += (names.empty() ? "" : ", ") + known.name;
  return wrongUsage("--configuration " + (name.empty() ? "is missing" : name) +
                    ": expected one of " + names);
}

static Status checkCount(const std::string &where, const char *key,
                         size_t count, size_t expected) {
  if (count == expected)
    return Status::success();
  return invalidArgument(where + ": " + key + ": expected " +
                         std::to_string(expected) + " values, got " +
                         std::to_string(count));
}

template <typename Values>
static Status checkAtLeast(const std::string &where, const char *key,
                           const Values &values, int64_t least) {
  for (auto value : values)
    if (!(static_cast<double>(value) >= static_cast<double>(least)) ||
        !std::isfinite(static_cast<double>(value)))
      return invalidArgument(where + ": " + key +
                             ": expected values of at least " +
                             std::to_string(least) + ", got " +
                             numberText(static_cast<double>(value)));
  return Status::success();
}

template <typename Values>
static Status checkSpacing(const std::string &where, const Values &values) {
  for (double value : values)
    if (!(value > 0) || !std::isfinite(value))
      return invalidArgument(where +
                             ": spacing: expected millimetres above 0, "
                             "got " +
                             numberText(value));
  return Status::success();
}

static Status checkNames(const std::string &where, const char *key,
                         const std::vector<std::string> &names, size_t least) {
  if (names.size() >= least)
    return Status::success();
  return invalidArgument(where + ": " + key + ": expected at least " +
                         std::to_string(least) + ", got " +
                         std::to_string(names.size()));
}

// Label values are stored in bytes.
static constexpr int64_t maxLabel = 255;

static Status verifyDescription(const DatasetDescription &data,
                                const std::string &where) {
  SEGC_RETURN_IF_ERROR(
      checkNames(where, "channel_names", data.channelNames, 1));
  SEGC_RETURN_IF_ERROR(checkNames(where, "class_names", data.classNames, 2));
  auto outOfRange = [&](const std::string &key, int64_t least, int64_t value) {
    return invalidArgument(
        where + ": " + key + ": expected values from " + std::to_string(least) +
        " to " + std::to_string(maxLabel) + ", got " + std::to_string(value));
  };
  if (!data.regions.empty())
    SEGC_RETURN_IF_ERROR(checkCount(where, "regions", data.regions.size(),
                                    data.classNames.size() - 1));
  SEGC_RETURN_IF_ERROR(checkCount(where, "regions_class_order",
                                  data.regionsClassOrder.size(),
                                  data.regions.size()));
  for (int64_t value : data.regionsClassOrder)
    if (value < 1 || value > maxLabel)
      return outOfRange("regions_class_order", 1, value);
  for (size_t i = 0; i < data.regions.size(); ++i) {
    const std::string key = "regions: " + data.classNames[i + 1];
    if (data.regions[i].empty())
      return invalidArgument(where + ": " + key +
                             ": expected label values, got none");
    for (int64_t value : data.regions[i])
      if (value < 1 || value > maxLabel)
        return outOfRange(key, 1, value);
    // What a mask shows of the region would not be part of it.
    if (std::find(data.regions[i].begin(), data.regions[i].end(),
                  data.regionsClassOrder[i]) == data.regions[i].end())
      return invalidArgument(
          where + ": regions_class_order: expected a label of the region " +
          data.classNames[i + 1] + ", got " +
          std::to_string(data.regionsClassOrder[i]));
  }
  if (!data.ignoreLabel)
    return Status::success();
  DatasetDescription learnt = data;
  learnt.ignoreLabel.reset();
  if (*data.ignoreLabel > maxLabel)
    return outOfRange("ignore_label", 1, *data.ignoreLabel);
  if (*data.ignoreLabel < learnt.labelValues())
    return invalidArgument(
        where +
        ": ignore_label: expected a value above those of all classes, "
        "at least " +
        std::to_string(learnt.labelValues()) + ", got " +
        std::to_string(*data.ignoreLabel));
  return Status::success();
}

Status segc::verify(const Fingerprint &fingerprint) {
  const std::string where = "fingerprint";
  SEGC_RETURN_IF_ERROR(verifyDescription(fingerprint, where));
  SEGC_RETURN_IF_ERROR(checkCount(where, "intensities",
                                  fingerprint.intensities.size(),
                                  fingerprint.channelNames.size()));
  if (fingerprint.cases.empty())
    return invalidArgument(where + ": expected training cases, got none");
  for (size_t i = 0; i < fingerprint.cases.size(); ++i) {
    const std::string ofCase = where + ": case " + std::to_string(i);
    const Fingerprint::Case &entry = fingerprint.cases[i];
    SEGC_RETURN_IF_ERROR(checkAtLeast(ofCase, "shape", entry.shape, 1));
    SEGC_RETURN_IF_ERROR(checkSpacing(ofCase, entry.spacing));
  }
  return Status::success();
}

/// Patches of 2^16 voxels an axis have as many.
static constexpr size_t maxLevels = 16;

/// Strides must divide the patch, or a decoder level has not its skip's size.
static Status checkTopology(const PlanConfiguration &configuration,
                            const std::string &where) {
  const Topology &topology = configuration.topology;
  const size_t dim = configuration.patch.size(), levels = topology.levels();
  if (levels < 1 || levels > maxLevels)
    return invalidArgument(where + ": strides: expected 1 to " +
                           std::to_string(maxLevels) + " levels, got " +
                           std::to_string(levels));
  SEGC_RETURN_IF_ERROR(
      checkCount(where, "kernels", topology.kernels.size(), levels));
  for (size_t level = 0; level < levels; ++level) {
    const std::string ofLevel = where + ": level " + std::to_string(level);
    SEGC_RETURN_IF_ERROR(
        checkCount(ofLevel, "kernel", topology.kernels[level].size(), dim));
    SEGC_RETURN_IF_ERROR(
        checkCount(ofLevel, "stride", topology.strides[level].size(), dim));
    for (size_t axis = 0; axis < dim; ++axis) {
      const int64_t kernel = topology.kernels[level][axis];
      const int64_t stride = topology.strides[level][axis];
      if (kernel < 1 || kernel % 2 == 0 || kernel > 7)
        return invalidArgument(ofLevel +
                               ": kernel: expected 1, 3, 5 or 7, "
                               "got " +
                               std::to_string(kernel));
      if (stride != 1 && (stride != 2 || level == 0))
        return invalidArgument(ofLevel + ": stride: expected 1" +
                               (level ? " or 2" : "") + ", got " +
                               std::to_string(stride));
    }
  }
  const std::vector<int64_t> total = topology.totalStride();
  for (size_t axis = 0; axis < dim; ++axis)
    if (configuration.patch[axis] % total[axis])
      return invalidArgument(where + ": patch: axis " + std::to_string(axis) +
                             ": expected a multiple of " +
                             std::to_string(total[axis]) + ", got " +
                             std::to_string(configuration.patch[axis]));
  SEGC_RETURN_IF_ERROR(
      checkCount(where, "filters", configuration.filters.size(), levels));
  SEGC_RETURN_IF_ERROR(checkCount(where, "encoder_blocks",
                                  configuration.encoderBlocks.size(), levels));
  return checkCount(where, "decoder_blocks", configuration.decoderBlocks.size(),
                    levels - 1);
}

static Status checkNormalization(const PlanConfiguration &configuration,
                                 const std::string &where, size_t channels) {
  SEGC_RETURN_IF_ERROR(checkCount(
      where, "normalization", configuration.normalization.size(), channels));
  SEGC_RETURN_IF_ERROR(
      checkCount(where, "use_mask", configuration.useMask.size(), channels));
  static const std::set<std::string> known = {"ct", "nonorm", "zscore",
                                              "rescale_to_0_1", "rgb_to_0_1"};
  for (const std::string &name : configuration.normalization)
    if (!known.count(name))
      return invalidArgument(where +
                             ": normalization: expected ct, nonorm, zscore, "
                             "rescale_to_0_1 or rgb_to_0_1, got \"" +
                             name + "\"");
  return Status::success();
}

static Status verifyConfiguration(const PlanConfiguration &configuration,
                                  size_t channels) {
  const std::string where = "configuration " + configuration.name;
  const size_t dim = configuration.patch.size();
  if (dim != 2 && dim != 3)
    return invalidArgument(where + ": patch: expected 2 or 3 sizes, got " +
                           std::to_string(dim));
  SEGC_RETURN_IF_ERROR(
      checkCount(where, "spacing", configuration.spacing.size(), dim));
  SEGC_RETURN_IF_ERROR(
      checkCount(where, "median_shape", configuration.medianShape.size(), dim));
  SEGC_RETURN_IF_ERROR(checkSpacing(where, configuration.spacing));
  SEGC_RETURN_IF_ERROR(checkAtLeast(where, "patch", configuration.patch, 1));
  // Cases are padded to it.
  constexpr int64_t maxSize = int64_t{1} << 16, maxVoxels = int64_t{1} << 31;
  int64_t voxels = 1;
  for (int64_t size : configuration.patch) {
    if (size > maxSize || voxels * size > maxVoxels)
      return invalidArgument(where + ": patch: expected sizes of at most " +
                             std::to_string(maxSize) + " and at most " +
                             std::to_string(maxVoxels) +
                             " voxels, got a size of " + std::to_string(size));
    voxels *= size;
  }
  SEGC_RETURN_IF_ERROR(
      checkAtLeast(where, "median_shape", configuration.medianShape, 1));
  SEGC_RETURN_IF_ERROR(checkAtLeast(
      where, "batch", std::array<int64_t, 1>{configuration.batch}, 1));
  SEGC_RETURN_IF_ERROR(checkTopology(configuration, where));
  SEGC_RETURN_IF_ERROR(
      checkAtLeast(where, "filters", configuration.filters, 1));
  SEGC_RETURN_IF_ERROR(
      checkAtLeast(where, "encoder_blocks", configuration.encoderBlocks, 1));
  SEGC_RETURN_IF_ERROR(
      checkAtLeast(where, "decoder_blocks", configuration.decoderBlocks, 1));
  return checkNormalization(configuration, where, channels);
}

/// Numbers by which voxels can be normalized and stay finite.
static Status checkIntensities(const ForegroundIntensities &intensities,
                               const std::string &where) {
  constexpr double largest = 1e30, leastDeviation = 1e-30;
  auto differs = [&](const char *key, const std::string &expected,
                     double value) {
    return invalidArgument(where + ": " + key + ": expected " + expected +
                           ", got " + numberText(value));
  };
  if (!(std::abs(intensities.mean) <= largest))
    return differs("mean", "a number of -1e30 to 1e30", intensities.mean);
  if (!(intensities.std >= 0 && intensities.std <= largest) ||
      (intensities.std != 0 && intensities.std < leastDeviation))
    return differs("std", "0 or a number of 1e-30 to 1e30", intensities.std);
  if (!std::isfinite(intensities.lowerClip) ||
      !std::isfinite(intensities.upperClip) ||
      intensities.lowerClip > intensities.upperClip)
    return differs("upper_clip",
                   "a number of at least lower_clip, " +
                       numberText(intensities.lowerClip),
                   intensities.upperClip);
  return Status::success();
}

/// A constant foreground has a deviation of 0, by which nothing is divided.
static Status checkDivisors(const Plan &plan,
                            const PlanConfiguration &configuration) {
  for (size_t i = 0; i < plan.intensities.size(); ++i)
    if (configuration.normalization[i] == "ct" &&
        plan.intensities[i].std == 0 && plan.rules != PlanRules::V2)
      return invalidArgument("plan: intensities " + std::to_string(i) +
                             ": std: expected a number above 0, by which the "
                             "normalization ct divides, got 0");
  return Status::success();
}

Status segc::verify(const Plan &plan) {
  const std::string where = "plan";
  SEGC_RETURN_IF_ERROR(verifyDescription(plan, where));
  SEGC_RETURN_IF_ERROR(checkCount(where, "intensities", plan.intensities.size(),
                                  plan.channelNames.size()));
  for (size_t i = 0; i < plan.intensities.size(); ++i)
    SEGC_RETURN_IF_ERROR(checkIntensities(
        plan.intensities[i], where + ": intensities " + std::to_string(i)));
  std::array<int64_t, 3> axes = plan.transpose;
  std::sort(axes.begin(), axes.end());
  if (axes != std::array<int64_t, 3>{0, 1, 2})
    return invalidArgument(where +
                           ": transpose: expected 0, 1 and 2 in any "
                           "order, got " +
                           std::to_string(plan.transpose[0]) + ", " +
                           std::to_string(plan.transpose[1]) + ", " +
                           std::to_string(plan.transpose[2]));
  constexpr int64_t maxStepsPerEpoch = 1'000'000;
  if (plan.stepsPerEpoch &&
      (*plan.stepsPerEpoch < 1 || *plan.stepsPerEpoch > maxStepsPerEpoch))
    return invalidArgument(where + ": steps_per_epoch: expected 1 to " +
                           std::to_string(maxStepsPerEpoch) + ", got " +
                           std::to_string(*plan.stepsPerEpoch));
  if (plan.configurations.empty())
    return invalidArgument(where + ": expected configurations, got none");
  std::set<std::string> names;
  for (const PlanConfiguration &configuration : plan.configurations) {
    if (!names.insert(configuration.name).second)
      return invalidArgument(where + ": two configurations are named \"" +
                             configuration.name + "\"");
    SEGC_RETURN_IF_ERROR(
        verifyConfiguration(configuration, plan.channelNames.size()));
    SEGC_RETURN_IF_ERROR(checkDivisors(plan, configuration));
  }
  return plan.rules == PlanRules::Mlperf ? verifyMlperf(plan)
                                         : Status::success();
}
