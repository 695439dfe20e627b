//===- WindowPlan.cpp - Plan by which windows are predicted ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WindowPlan.h"
#include "segc/Base/Files.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Inference/LoadedModel.h"

using namespace segc;

/// The plan that was chosen or that the model's pipeline gives.
static StatusOr<Plan> planOf(const WindowPlanChoice &choice,
                             const ModelLibrary &model) {
  const Manifest &manifest = model.manifest();
  const std::string &path = choice.plan;
  Plan plan;
  if (path.empty()) {
    StatusOr<Plan> made =
        planOfPipeline(manifest.pipeline, inputChannels(manifest));
    if (!made.ok())
      return made.status().withContext(model.path());
    plan = std::move(*made);
  } else {
    SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(path, 1u << 28));
    SEGC_ASSIGN_OR_RETURN(plan, parsePlan(text, path));
  }
  if (choice.orientation) {
    SEGC_ASSIGN_OR_RETURN(plan.frame, parseFrame(*choice.orientation));
  } else if (choice.frame) {
    if (!path.empty() && *choice.frame != plan.frame)
      return invalidArgument(
          path + ": the orientation \"" + frameName(plan.frame) +
          "\", the weights were trained in \"" + frameName(*choice.frame) +
          "\"; give the plan that they were trained by, or --orientation");
    plan.frame = *choice.frame;
  }
  return plan;
}

/// Holds a plan against what the model takes and gives.
static Status checkPlan(const Plan &plan, const std::string &where,
                        const Manifest &manifest) {
  auto differs = [&](const std::string &what, size_t planned, int64_t wanted) {
    return invalidArgument(where + ": " + std::to_string(planned) + " " + what +
                           ", the model has " + std::to_string(wanted) +
                           "; give the plan that the model was built by");
  };
  SEGC_RETURN_IF_ERROR(checkRules(plan.rules, manifest.pipeline.kind, where));
  const int64_t channels = inputChannels(manifest);
  if (plan.regions.empty() == manifest.sigmoid)
    return invalidArgument(
        where +
        (manifest.sigmoid
             ? ": no regions, but the model gives regions, which may overlap"
             : ": regions, which may overlap, but the model gives one class "
               "for each voxel") +
        "; give the plan that the model was built by");
  for (int64_t label : plan.regionsClassOrder)
    if (label < 0 || label > 255)
      return unsupported(where + ": a region with the label " +
                         std::to_string(label) + ", expected 0 to 255");
  if (static_cast<int64_t>(plan.channelNames.size()) != channels)
    return differs("channels", plan.channelNames.size(), channels);
  if (static_cast<int64_t>(plan.outputNames().size()) != manifest.classes)
    return differs(plan.regions.empty() ? "classes" : "regions",
                   plan.outputNames().size(), manifest.classes);
  return Status::success();
}

/// The configuration that was named, or the only one of the model's patch.
static StatusOr<PlanConfiguration> configurationOf(const Plan &plan,
                                                   const std::string &where,
                                                   const std::string &name,
                                                   const Manifest &manifest) {
  std::vector<int64_t> patch = sampleShape(manifest);
  if (!patch.empty())
    patch.pop_back();
  std::string all;
  std::vector<const PlanConfiguration *> fitting;
  for (const PlanConfiguration &configuration : plan.configurations) {
    all += (all.empty() ? "" : ", ") + configuration.name + " (patch " +
           shapeText(configuration.patch) + ")";
    if (configuration.patch == patch &&
        (name.empty() || configuration.name == name))
      fitting.push_back(&configuration);
  }
  if (fitting.size() == 1)
    return *fitting[0];
  return wrongUsage(
      where + ": " +
      (fitting.empty()
           ? "no configuration" + (name.empty() ? "" : " \"" + name + "\"") +
                 " with the model's patch " + shapeText(patch)
           : "several configurations with the model's patch; choose one with "
             "--configuration") +
      "; it has " + all);
}

Status segc::setWindowPlan(const WindowPlanChoice &choice,
                           const ModelLibrary &model, WindowRun &run) {
  const Manifest &manifest = model.manifest();
  const std::string &where = choice.plan.empty() ? model.path() : choice.plan;
  SEGC_ASSIGN_OR_RETURN(run.plan, planOf(choice, model));
  SEGC_RETURN_IF_ERROR(checkPlan(run.plan, where, manifest));
  SEGC_ASSIGN_OR_RETURN(
      run.configuration,
      configurationOf(run.plan, where, choice.configuration, manifest));
  run.windows.rules = run.plan.rules;
  // Another plan than the model's own.
  if (choice.plan.empty() || manifest.pipeline.plan.empty())
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(const Plan ofModel,
                        parsePlan(manifest.pipeline.plan, "pipeline: plan"));
  const std::string difference =
      differenceOf(run.plan, run.configuration, ofModel);
  return difference.empty()
             ? Status::success()
             : invalidArgument(where + ": " + difference +
                               "; give the plan that the model was built by");
}

WindowSettings segc::settingsOf(const DataPipeline &pipeline) {
  WindowSettings settings;
  settings.overlap = pipeline.overlap;
  settings.flips = pipeline.flips;
  if (!pipeline.windowWeights.empty())
    settings.constantWeights = pipeline.windowWeights == "constant";
  if (!pipeline.average.empty())
    settings.averageProbabilities = pipeline.average == "probabilities";
  return settings;
}

void segc::applySettings(const WindowSettings &settings, WindowRun &run) {
  WindowOptions &windows = run.windows;
  windows.overlap = settings.overlap.value_or(windows.overlap);
  if (settings.constantWeights)
    windows.weights = *settings.constantWeights ? WindowWeights::Constant
                                                : WindowWeights::Gaussian;
  windows.flips = settings.flips.value_or(windows.flips);
  if (settings.averageProbabilities)
    run.scores =
        *settings.averageProbabilities ? Scores::Probabilities : Scores::Logits;
}
