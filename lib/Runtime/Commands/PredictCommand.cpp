//===- PredictCommand.cpp - segrun predict --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PostprocessOption.h"
#include "PredictInWindows.h"
#include "segc/Base/Files.h"
#include "segc/Base/Process.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Predict.h"

#include <cstdio>
#include <filesystem>

using namespace segc;

/// A folder is a data set or, without an index, its images; files are cases of
/// their own.
static StatusOr<std::unique_ptr<Dataset>>
openInputs(const PredictOptions &options, const LoadedModel &model,
           bool planned) {
  const Manifest &manifest = model.runner.manifest();
  std::vector<std::string> files = options.inputs;
  std::error_code error;
  const std::filesystem::path first = options.inputs[0];
  if (files.size() == 1) {
    // The index itself means its folder.
    const bool folder = std::filesystem::is_directory(first, error);
    const bool indexed = first.filename() == "dataset.json" ||
                         (folder && holdsDataset(options.inputs[0]));
    if (folder) {
      SEGC_ASSIGN_OR_RETURN(files, imagesIn(options.inputs[0]));
    }
    if (indexed || files.empty()) {
      DataOptions data = options.data;
      data.data = options.inputs[0];
      return openData(data, manifest, model.frame, planned);
    }
  }
  const DataOptions &data = options.data;
  const char *idle = data.fold                ? "--fold"
                     : data.trainSplit        ? "--train-split"
                     : data.seed != 0         ? "--seed"
                     : !data.labelMap.empty() ? "--label-map"
                                              : nullptr;
  if (idle)
    return wrongUsage(std::string(idle) +
                      " has no effect: single files have no splits and no "
                      "labels; leave it out");
  SEGC_ASSIGN_OR_RETURN(DatasetOptions dataset,
                        datasetOptions(options.data, manifest, model.frame));
  dataset.planned = planned;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> opened,
                        openFiles(files, manifest.pipeline, dataset));
  notePipeline(*opened, manifest, dataset);
  return opened;
}

/// No mask may replace an image, and no picture one of a training.
static Status checkPaths(const PredictOptions &options,
                         const Dataset &dataset) {
  for (const char *name : {"train.jsonl", "checkpoints"})
    if (pathExists(options.output + "/" + name))
      return wrongUsage("--output " + options.output +
                        ": holds the results of a training; give another "
                        "folder, such as " +
                        options.output + "/predictions");
  CommandPaths paths;
  addInputs(paths, "--data", dataset.files());
  paths.folders = {{"--output", options.output},
                   {"--output", options.output + "/overlays"}};
  paths.places = {{"--output", options.output}};
  return checkOutputs(paths);
}

/// What is wrong with a case, which the data set may have named already.
static std::string textOf(const FailedCase &failure) {
  const std::string &message = failure.status.message();
  const bool named = message.rfind("case " + failure.name + ": ", 0) == 0;
  return named ? message : failure.name + ": " + message;
}

/// Predicts whole images, each a sample.
static StatusOr<std::vector<FailedCase>>
predictWhole(const PredictOptions &options, LoadedModel &model,
             const Dataset &dataset, Split split, int64_t count,
             const PredictionFolders &folders,
             const std::vector<PostprocessStep> &steps) {
  SegmentationWriter::Postprocessing postprocessing;
  if (!steps.empty())
    postprocessing = [&](std::vector<uint8_t> &labels,
                         const VolumeGeometry &grid) {
      postprocess(labels, {grid.size, grid.spacing}, steps);
    };
  return predictSplit(model.runner, dataset, split, count,
                      batchSizeOf(options.model, model.runner.manifest()),
                      folders, options.data.greyMasks, postprocessing);
}

CommandResult segc::runPredict(const PredictOptions &options) {
  SEGC_ASSIGN_OR_RETURN(Split split, parseSplit(options.split));
  const std::vector<std::string> &ensemble = options.windows.ensemble;
  if (!ensemble.empty() && !options.checkpoint.empty())
    return wrongUsage("--ensemble and --checkpoint contradict each other, "
                      "expected one of them");
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openTrained(options.model, ensemble.empty()
                                                       ? options.checkpoint
                                                       : ensemble[0]));
  const Manifest &manifest = model.runner.manifest();
  const bool planned = isPlanned(manifest.pipeline);
  if (!planned && !options.windows.given.empty())
    return wrongUsage(options.windows.given +
                      " has no effect: the model takes whole images, and not "
                      "patches in windows; leave it out");
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openInputs(options, model, planned));
  SEGC_ASSIGN_OR_RETURN(const std::vector<PostprocessStep> steps,
                        postprocessSteps(options, manifest.classNames()));
  SEGC_RETURN_IF_ERROR(checkPaths(options, *dataset));
  PredictionFolders folders;
  folders.predictions = options.output;
  if (options.overlays)
    folders.overlays = options.output + "/overlays";
  catchStopSignals();
  int64_t count = dataset->count(split);
  if (count == 0) {
    SEGC_RETURN_IF_ERROR(dataset->load(split)); // It may say why.
    return invalidArgument(options.inputs[0] + ": the " + options.split +
                           " split has no cases; choose another --split");
  }
  SEGC_ASSIGN_OR_RETURN(std::vector<FailedCase> failures,
                        planned ? predictInWindows(options, model, *dataset,
                                                   split, count, folders, steps)
                                : predictWhole(options, model, *dataset, split,
                                               count, folders, steps));
  printNotes(*dataset);
  if (count == 1 && !failures.empty())
    return Status(failures[0].status.code(), textOf(failures[0]));
  int64_t done = count - static_cast<int64_t>(failures.size());
  if (hasStandardOutput())
    std::printf("%lld of %lld cases predicted, written to %s\n",
                static_cast<long long>(done), static_cast<long long>(count),
                options.output.c_str());
  if (failures.empty())
    return Status::success();
  std::string names;
  for (const FailedCase &failure : failures) {
    printMessage(textOf(failure));
    names += (names.empty() ? "" : ", ") + failure.name;
  }
  Status status = dataLoss(std::to_string(failures.size()) + " of " +
                           std::to_string(count) + " cases failed: " + names);
  return done > 0 ? CommandResult::partial(std::move(status)) : status;
}
