//===- PredictInWindows.cpp - Prediction by a model of patches ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PredictInWindows.h"
#include "segc/Base/Process.h"
#include "segc/Base/ProcessMemory.h"
#include "segc/Runtime/Commands/Commands.h"

#include <cstdio>

using namespace segc;

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
  WindowRun run;
  SEGC_RETURN_IF_ERROR(setWindowPlan({windows.plan, windows.configuration,
                                      options.data.orientation, model.frame},
                                     model.runner.library(), run));
  applySettings(settingsOf(manifest.pipeline), run);
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
