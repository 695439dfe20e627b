//===- PipelinePlan.cpp - Plan of a network's pipeline --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"

#include <array>

using namespace segc;

static Status missing(const char *key) {
  return dataLoss(std::string("pipeline: field \"") + key +
                  "\" is missing, without which cases cannot be prepared; "
                  "give the plan of the network with --plan");
}

const char *segc::networkOfRules(PlanRules rules) {
  return rules == PlanRules::Mlperf ? "unet3d" : "nnunet";
}

Status segc::checkRules(PlanRules rules, const std::string &kind,
                        const std::string &where) {
  const bool isMlperf = rules == PlanRules::Mlperf;
  if (isMlperf == (kind == "kits19"))
    return Status::success();
  return invalidArgument(
      where + ": the rules \"" + planRulesName(rules) + "\", expected " +
      (isMlperf ? "\"example\" or \"v2\"" : "\"mlperf\"") +
      " for a network of the pipeline \"" + kind + "\"; `segc model " +
      networkOfRules(rules) + " --plan` builds the network of this plan");
}

static std::string textOf(double value) { return numberText(value); }
static std::string textOf(int64_t value) { return std::to_string(value); }
static std::string textOf(bool value) { return value ? "true" : "false"; }
static std::string textOf(const std::string &value) { return value; }
template <typename List>
static std::string listText(const List &values) {
  std::string text;
  for (const auto &value : values)
    text += (text.empty() ? "" : ", ") + textOf(value);
  return text.empty() ? "none" : text;
}

std::string segc::differenceOf(const Plan &plan,
                               const PlanConfiguration &configuration,
                               const Plan &ofModel) {
  std::string found;
  auto compare = [&](const char *key, const auto &own, const auto &models) {
    if (found.empty() && !(own == models))
      found = std::string(key) + " of " + listText(own) + ", the model has " +
              listText(models);
  };
  compare("class_names", plan.classNames, ofModel.classNames);
  compare("regions_class_order", plan.regionsClassOrder,
          ofModel.regionsClassOrder);
  for (size_t i = 0; i < plan.regions.size() && i < ofModel.regions.size(); ++i)
    compare("regions", plan.regions[i], ofModel.regions[i]);
  compare("transpose", plan.transpose, ofModel.transpose);
  const PlanConfiguration *models = ofModel.find(configuration.name);
  if (!models || !found.empty())
    return found;
  compare("normalization", configuration.normalization, models->normalization);
  compare("use_mask", configuration.useMask, models->useMask);
  for (size_t i = 0; i < configuration.normalization.size() && found.empty();
       ++i) {
    // Others take nothing from the training cases.
    if (configuration.normalization[i] != "ct")
      continue;
    auto numbers = [](const ForegroundIntensities &v) {
      return std::array<double, 4>{v.mean, v.std, v.lowerClip, v.upperClip};
    };
    compare("mean, std, lower_clip and upper_clip",
            numbers(plan.intensities[i]), numbers(ofModel.intensities[i]));
  }
  return found;
}

StatusOr<std::vector<std::string>>
segc::labelNamesOf(const DataPipeline &pipeline) {
  if (pipeline.plan.empty())
    return pipeline.classNames;
  StatusOr<Plan> plan = parsePlan(pipeline.plan, "pipeline: plan");
  if (!plan.ok())
    return plan.status();
  return plan->regions.empty() ? pipeline.classNames : plan->labelNames();
}

StatusOr<Plan> segc::planOfPipeline(const DataPipeline &pipeline,
                                    int64_t channels) {
  if (!pipeline.plan.empty()) {
    StatusOr<Plan> plan = parsePlan(pipeline.plan, "pipeline: plan");
    if (plan.ok() && plan->outputNames().size() != pipeline.classNames.size())
      return invalidArgument("pipeline: plan: expected " +
                             std::to_string(pipeline.classNames.size()) +
                             (plan->regions.empty() ? " classes" : " regions") +
                             " as in class_names, got " +
                             std::to_string(plan->outputNames().size()));
    return plan;
  }
  const size_t dim = pipeline.patch.size();
  if (pipeline.classNames.empty())
    return missing("class_names");
  if (dim != 2 && dim != 3)
    return missing("patch");
  if (pipeline.spacing.size() != dim)
    return missing("spacing");
  const auto count = static_cast<size_t>(channels);
  const bool ct = pipeline.modality == "CT";
  ForegroundIntensities intensities;
  if (ct) {
    if (pipeline.clip.empty())
      return missing("clip");
    if (!pipeline.mean)
      return missing("mean");
    if (!pipeline.deviation)
      return missing("deviation");
    intensities.lowerClip = pipeline.clip[0];
    intensities.upperClip = pipeline.clip[1];
    intensities.mean = *pipeline.mean;
    intensities.std = *pipeline.deviation;
  }
  PlanConfiguration configuration;
  configuration.name = dim == 3 ? "3d_fullres" : "2d";
  configuration.spacing = pipeline.spacing;
  configuration.patch = pipeline.patch;
  configuration.normalization.assign(count, ct ? "ct" : "zscore");
  // Zeros are background, which CT does not have.
  configuration.useMask.assign(count, !ct);
  Plan plan;
  plan.rules =
      pipeline.kind == "kits19" ? PlanRules::Mlperf : PlanRules::Example;
  plan.classNames = pipeline.classNames;
  plan.channelNames.assign(
      count, pipeline.modality.empty() ? "MRI" : pipeline.modality);
  plan.intensities.assign(count, intensities);
  if (!pipeline.orientation.empty()) {
    StatusOr<AxisFrame> frame = parseFrame(pipeline.orientation);
    if (!frame.ok())
      return frame.status().withContext("pipeline");
    plan.frame = *frame;
  }
  plan.configurations.push_back(std::move(configuration));
  return plan;
}
