//===- PredictInWindows.cpp - Prediction by a model of patches ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PredictInWindows.h"
#include "segc/Base/Files.h"
#include "segc/Base/Process.h"
#include "segc/Base/ProcessMemory.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Commands.h"

#include <cstdio>

using namespace segc;

/// The plan that the options or the model's pipeline give.
static StatusOr<Plan> planOf(const PredictOptions &options,
                             const LoadedModel &model) {
  const Manifest &manifest = model.runner.manifest();
  const std::string &path = options.windows.plan;
  Plan plan;
  if (path.empty()) {
    StatusOr<Plan> made =
        planOfPipeline(manifest.pipeline, inputChannels(manifest));
    if (!made.ok())
      return made.status().withContext(model.runner.library().path());
    plan = std::move(*made);
  } else {
    SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(path, 1u << 28));
    SEGC_ASSIGN_OR_RETURN(plan, parsePlan(text, path));
  }
  if (options.data.orientation) {
    SEGC_ASSIGN_OR_RETURN(plan.frame, parseFrame(*options.data.orientation));
  } else if (model.frame) {
    if (!path.empty() && *model.frame != plan.frame)
      return invalidArgument(
          path + ": the orientation \"" + frameName(plan.frame) +
          "\", the weights were trained in \"" + frameName(*model.frame) +
          "\"; give the plan that they were trained by, or --orientation");
    plan.frame = *model.frame;
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

/// Adds the weights of all checkpoints; the model has those of the first.
static Status addMembers(WeightEnsemble &members, LoadedModel &model,
                         const std::vector<std::string> &checkpoints) {
  const std::optional<AxisFrame> frame = model.frame;
  for (size_t i = 0; i < checkpoints.size(); ++i) {
    if (i > 0)
      SEGC_RETURN_IF_ERROR(loadWeights(model, checkpoints[i]));
    if (model.frame != frame)
      return invalidArgument(checkpoints[i] + ": trained with the axes \"" +
                             frameName(*model.frame) + "\", " + checkpoints[0] +
                             " was not; an ensemble needs one order of axes");
    SEGC_RETURN_IF_ERROR(members.add());
  }
  return Status::success();
}

/// What is resident now, without the model's buffers: program, threads, and
/// weights in the file of the model. More code will be used, and memory that is
/// given back is not always free at once.
static uint64_t programBytes(const WeightEnsemble &members) {
  constexpr uint64_t reserve =
      (uint64_t{16} << 20) + AlignedBuffer::maxSpareBytes;
  const Manifest &manifest = members.runner().manifest();
  const uint64_t buffers =
      static_cast<uint64_t>(manifest.parameterBytes + manifest.stateBytes) +
      members.bytes();
  const uint64_t resident = residentBytes();
  return reserve + (resident > buffers ? resident - buffers : 0);
}

void segc::applySettings(const WindowSettings &settings, WindowRun &run) {
  WindowOptions &windows = run.windows;
  windows.overlap = settings.overlap.value_or(windows.overlap);
  if (settings.constantWeights)
    windows.weights = *settings.constantWeights ? WindowWeights::Constant
                                                : WindowWeights::Gaussian;
  windows.flips = settings.flips;
  run.scores =
      settings.averageProbabilities ? Scores::Probabilities : Scores::Logits;
}

/// The masks in the folder that says where to predict.
static StatusOr<WindowRun::Regions> regionsOf(const PredictOptions &options) {
  WindowRun::Regions regions;
  regions.margin = options.windows.roiMargin;
  regions.limits.maxBytes = static_cast<uint64_t>(options.data.maxImageBytes);
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        imagesIn(options.windows.roi));
  for (const std::string &file : files) {
    const auto [known, isNew] = regions.masks.emplace(imageStem(file), file);
    if (!isNew)
      return invalidArgument(file + ": named like " + known->second +
                             "; leave one of the two in the folder");
  }
  return regions;
}

StatusOr<std::vector<FailedCase>>
segc::predictInWindows(const PredictOptions &options, LoadedModel &model,
                       const Dataset &dataset, Split split, int64_t count,
                       const PredictionFolders &folders,
                       const std::vector<PostprocessStep> &steps,
                       StageTimes *times, CaseQueue *queue) {
  const Manifest &manifest = model.runner.manifest();
  const WindowPredictOptions &windows = options.windows;
  const std::string &path = model.runner.library().path();
  const std::string &where = windows.plan.empty() ? path : windows.plan;
  WindowRun run;
  SEGC_ASSIGN_OR_RETURN(run.plan, planOf(options, model));
  SEGC_RETURN_IF_ERROR(checkPlan(run.plan, where, manifest));
  SEGC_ASSIGN_OR_RETURN(
      run.configuration,
      configurationOf(run.plan, where, windows.configuration, manifest));
  // Another plan than the model's own.
  if (!windows.plan.empty() && !manifest.pipeline.plan.empty()) {
    SEGC_ASSIGN_OR_RETURN(const Plan ofModel,
                          parsePlan(manifest.pipeline.plan, "pipeline: plan"));
    const std::string difference =
        differenceOf(run.plan, run.configuration, ofModel);
    if (!difference.empty())
      return invalidArgument(where + ": " + difference +
                             "; give the plan that the model was built by");
  }
  run.windows.rules = run.plan.rules;
  applySettings(windows, run);
  run.batch = batchSizeOf(options.model, manifest);
  run.postprocessing = steps;
  run.folders = folders;
  run.times = times;
  run.queue = queue;
  run.saveProbabilities = options.saveProbabilities;
  if (windows.maxMemory)
    run.maxMemory = static_cast<uint64_t>(*windows.maxMemory);
  if (!windows.roi.empty()) {
    SEGC_ASSIGN_OR_RETURN(run.regions, regionsOf(options));
  }
  run.say = [](const std::string &text) { printMessage(text); };
  WeightEnsemble members(model.runner);
  SEGC_RETURN_IF_ERROR(addMembers(members, model, windows.ensemble));
  run.programBytes = programBytes(members);
  run.releaseWeights = windows.ensemble.empty();
  auto failures = predictWindows(members, dataset, split, count, run);
  if (failures.ok() && windows.maxMemory && hasStandardOutput())
    std::printf("peak of resident memory: %llu bytes\n",
                static_cast<unsigned long long>(residentPeakBytes()));
  return failures;
}
