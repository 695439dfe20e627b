//===- PredictCommand.cpp - segrun predict --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PostprocessOption.h"
#include "PredictInWindows.h"
#include "SharedCases.h"
#include "SharedJob.h"
#include "segc/Base/Files.h"
#include "segc/Base/Process.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/Profile.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Inference/Predict.h"
#include "segc/Runtime/Inference/ValueRanges.h"

#include <cstdio>
#include <filesystem>

using namespace segc;

/// A folder is a data set or, without an index, its images; files are cases of
/// their own. `notes` names what a folder holds beside them.
static StatusOr<std::unique_ptr<Dataset>>
openInputs(const PredictOptions &options, const LoadedModel &model,
           bool planned, Notes &notes) {
  const Manifest &manifest = model.runner.manifest();
  std::vector<std::string> files = options.inputs;
  std::error_code error;
  const std::filesystem::path first = options.inputs[0];
  if (files.size() == 1) {
    // The index itself means its folder.
    const bool folder = std::filesystem::is_directory(first, error);
    const bool indexed = first.filename() == "dataset.json" ||
                         (folder && holdsDataset(options.inputs[0]));
    if (folder && !indexed) {
      SEGC_ASSIGN_OR_RETURN(files, imagesIn(options.inputs[0], &notes));
    }
    if (indexed || files.empty()) {
      DataOptions data = options.data;
      data.data = options.inputs[0];
      return openData(data, manifest, model.frame, planned);
    }
  }
  const DataOptions &data = options.data;
  const char *idle = data.fold                ? "--fold"
                     : data.foldCount         ? "--nfolds"
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
  if (!options.windows.roi.empty()) {
    SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> masks,
                          imagesIn(options.windows.roi));
    addInputs(paths, "--roi", masks);
  }
  paths.outputs = {{"--profile", options.profile, &stagesOutput},
                   {"--value-ranges", options.valueRanges, &rangesOutput}};
  paths.folders = {{"--output", options.output},
                   {"--output", options.output + "/overlays"}};
  paths.places = {{"--output", options.output}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  return checkOutputPlaces(paths);
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
             const std::vector<PostprocessStep> &steps, StageTimes *times,
             CaseQueue *queue) {
  const Manifest &manifest = model.runner.manifest();
  if (options.saveProbabilities && !manifest.pipeline.hasSlices())
    return wrongUsage("--save-probabilities has no effect: the model takes "
                      "whole volumes, whose probabilities are not written; "
                      "leave it out");
  SplitPredictionOptions writing;
  writing.greyMasks = options.data.greyMasks;
  writing.saveProbabilities = options.saveProbabilities;
  writing.times = times;
  writing.queue = queue;
  if (!steps.empty())
    writing.postprocessing = [&](std::vector<uint8_t> &labels,
                                 const VolumeGeometry &grid) {
      postprocess(labels, {grid.size, grid.spacing}, steps);
    };
  return predictSplit(model.runner, dataset, split, count,
                      batchSizeOf(options.model, manifest), folders, writing);
}

static double secondsSince(StageTimes::Clock::time_point begin) {
  return StageTimes::secondsBetween(begin, StageTimes::Clock::now());
}

/// Takes out what an earlier prediction left in the folder of --roi: a case
/// that fails would be predicted near what another model found.
static Status removeMasks(const std::string &folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> masks,
                        everyImageIn(folder));
  for (const std::string &mask : masks)
    if (hasOwnMark(mask) && !std::filesystem::remove(mask, error))
      return ioError(mask + ": cannot remove: " + error.message());
  return Status::success();
}

static CommandResult predict(PredictOptions options, const Job *job,
                             const std::string &task);

/// Predicts the masks of --roi, if that is a model, and makes it their folder.
/// Cases that fail then have no mask.
static CommandResult predictRegions(PredictOptions &options, const Job *job) {
  WindowPredictOptions &windows = options.windows;
  std::error_code error;
  if (std::filesystem::is_directory(windows.roi, error))
    return windows.roiCheckpoint.empty() && windows.roiPlan.empty()
               ? CommandResult(Status::success())
               : wrongUsage("--roi " + windows.roi +
                            ": a folder of masks, for which --roi-checkpoint "
                            "and --roi-plan have no effect; leave them out");
  PredictOptions coarse = options;
  coarse.model.model = windows.roi;
  coarse.model.batchSize.reset();
  coarse.checkpoint = windows.roiCheckpoint;
  coarse.windows = WindowPredictOptions();
  coarse.windows.plan = windows.roiPlan;
  coarse.windows.maxMemory = windows.maxMemory;
  coarse.windows.given = windows.roiPlan.empty() ? "" : "--roi-plan";
  coarse.output = options.output + "/roi";
  coarse.overlays = false;
  coarse.profile.clear();
  coarse.postprocess = "none";
  windows.roi = coarse.output;
  constexpr int someFailed = 3;
  CommandResult result = predict(coarse, job, "roi");
  if (result.exitCode == someFailed)
    return Status::success();
  return result;
}

namespace {

/// What a prediction has opened.
struct Prediction {
  const PredictOptions &options;
  LoadedModel &model;
  const Dataset &dataset;
  Split split;
  int64_t count;
  bool planned;
  PredictionFolders folders;
  std::vector<PostprocessStep> steps;
  StageTimes *times;

  StatusOr<std::vector<FailedCase>> run(CaseQueue *queue) const {
    return planned ? predictInWindows(options, model, dataset, split, count,
                                      folders, steps, times, queue)
                   : predictWhole(options, model, dataset, split, count,
                                  folders, steps, times, queue);
  }
  /// Slices are pages of the masks of their file, which one rank writes.
  bool hasStacks() const { return !dataset.files(split, 0).stack.empty(); }
  std::vector<std::string> names() const {
    std::vector<std::string> all = caseNames(dataset, split);
    all.resize(static_cast<size_t>(count));
    return all;
  }
};

} // namespace

/// Prints what became of the cases, and returns what the command ends with.
static CommandResult report(const Prediction &prediction,
                            const std::vector<FailedCase> &failures) {
  const int64_t count = prediction.count;
  if (count == 1 && !failures.empty())
    return Status(failures[0].status.code(), textOf(failures[0]));
  int64_t done = count - static_cast<int64_t>(failures.size());
  if (hasStandardOutput())
    std::printf("%lld of %lld cases predicted, written to %s\n",
                static_cast<long long>(done), static_cast<long long>(count),
                prediction.options.output.c_str());
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

/// Predicts the slices as one unit of work, which one process takes.
static Status predictStacks(const Prediction &prediction, CommandCases &cases) {
  while (const std::optional<int64_t> unit = cases.next(/*wait=*/true)) {
    SEGC_ASSIGN_OR_RETURN(const std::vector<FailedCase> failures,
                          prediction.run(nullptr));
    Json list = Json::array();
    for (const FailedCase &failure : failures)
      list.push_back({failure.name, toJson(failure.status)});
    cases.setValue(*unit, std::move(list));
    cases.finish(*unit, Status::success());
  }
  return Status::success();
}

static std::vector<FailedCase> failuresOf(const Prediction &prediction,
                                          const CommandCases &cases) {
  if (!prediction.hasStacks())
    return cases.failures();
  std::vector<FailedCase> failures;
  const CaseRecord &record = cases.records()[0];
  if (!record.status.ok())
    for (const std::string &name : prediction.names())
      failures.push_back({name, record.status});
  for (const Json &failure : record.value)
    failures.push_back({failure[0].get<std::string>(), statusOf(failure[1])});
  return failures;
}

/// What ranks that predict need the same content of.
static NamedTexts filesOf(const PredictOptions &options) {
  NamedTexts files = {{"--model", options.model.model},
                      {"--checkpoint", options.checkpoint},
                      {"--plan", options.windows.plan}};
  for (const std::string &member : options.windows.ensemble)
    files.emplace_back("--ensemble " + member, member);
  return files;
}

/// The part of this process: all cases or those that a rank takes and, of one
/// process, `end` and the report.
static CommandResult predictCases(const Prediction &prediction, const Job *job,
                                  const std::string &task,
                                  const std::function<Status()> &end) {
  const bool hasStacks = prediction.hasStacks();
  const std::string &output = prediction.options.output;
  CommandCases::Work work;
  work.folder = output + "/.ranks";
  work.task = task;
  work.names =
      hasStacks ? std::vector<std::string>{"all slices"} : prediction.names();
  work.files = filesOf(prediction.options);
  SEGC_ASSIGN_OR_RETURN(
      const std::unique_ptr<CommandCases> cases,
      CommandCases::open(job, std::move(work), prediction.dataset.notes(), [&] {
        return task == "roi" ? removeMasks(output) : Status::success();
      }));
  const Status status = hasStacks ? predictStacks(prediction, *cases)
                                  : prediction.run(cases.get()).status();
  if (std::optional<CommandResult> result = cases->leave(status))
    return *result;
  if (Status ended = end(); !ended.ok())
    return cases->close(ended);
  cases->printNotes();
  return cases->close(report(prediction, failuresOf(prediction, *cases)));
}

/// The steps that the options, or else the model, ask for.
static StatusOr<std::vector<PostprocessStep>>
stepsOf(const PredictOptions &options, const DataPipeline &pipeline,
        bool says) {
  const std::string &text =
      options.postprocess.empty() ? pipeline.postprocess : options.postprocess;
  if (text.empty())
    return std::vector<PostprocessStep>();
  std::vector<std::string> checkpoints = options.windows.ensemble;
  if (!options.checkpoint.empty())
    checkpoints.push_back(options.checkpoint);
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        labelNamesOf(pipeline));
  return postprocessSteps(text, checkpoints, names, says);
}

/// Refuses --value-ranges where kernels cannot be observed as they run, or
/// write what has been rounded.
static Status checkObservable(const LoadedModel &model, const Job *job) {
  if (job)
    return wrongUsage("--value-ranges observes one process; start one");
  const ModelRunner &runner = model.runner;
  if (runner.library().version().device != SEGC_DEVICE_HOST)
    return wrongUsage("--value-ranges: the model runs on a device, expected "
                      "--device cpu");
  if (runner.manifest().precision != "f32")
    return wrongUsage("--value-ranges: " + runner.library().path() + " is of " +
                      runner.manifest().precision + ", expected f32");
  return Status::success();
}

/// Predicts as the only process or as one of the ranks of a job, whose work is
/// called `task`.
static CommandResult predict(PredictOptions options, const Job *job,
                             const std::string &task) {
  const auto begin = StageTimes::Clock::now();
  const bool isFirst = !job || job->rank == 0;
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
  if (!planned)
    SEGC_RETURN_IF_ERROR(checkWholeClasses(model.runner));
  if (!options.windows.roi.empty()) {
    CommandResult regions = predictRegions(options, job);
    if (regions.exitCode != 0)
      return regions;
  }
  Notes notes;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openInputs(options, model, planned, notes));
  for (const std::string &note : notes.take())
    if (isFirst)
      printMessage("warning: " + note);
  SEGC_ASSIGN_OR_RETURN(std::vector<PostprocessStep> steps,
                        stepsOf(options, manifest.pipeline, isFirst));
  SEGC_RETURN_IF_ERROR(checkPaths(options, *dataset));
  PredictionFolders folders;
  folders.predictions = options.output;
  if (options.overlays)
    folders.overlays = options.output + "/overlays";
  catchStopSignals();
  int64_t count = dataset->count(split);
  if (options.maxCases)
    count = std::min(count, *options.maxCases);
  if (count == 0) {
    SEGC_RETURN_IF_ERROR(dataset->load(split)); // It may say why.
    return invalidArgument(options.inputs[0] + ": the " + options.split +
                           " split has no cases; choose another --split");
  }
  ValueRanges ranges;
  if (!options.valueRanges.empty()) {
    SEGC_RETURN_IF_ERROR(checkObservable(model, job));
    model.runner.setObserver(&ranges);
  }
  StageTimes times;
  const Prediction prediction = {options,
                                 model,
                                 *dataset,
                                 split,
                                 count,
                                 planned,
                                 folders,
                                 std::move(steps),
                                 options.profile.empty() ? nullptr : &times};
  return predictCases(prediction, job, task, [&]() -> Status {
    if (!options.valueRanges.empty()) {
      const OrderedJson found = {{"format", 1},
                                 {"network", manifest.network},
                                 {"ranges", OrderedJson(ranges.toJson())}};
      SEGC_RETURN_IF_ERROR(
          writeFileAtomically(options.valueRanges, jsonText(found, 1) + "\n"));
    }
    return options.profile.empty()
               ? Status::success()
               : writeFileAtomically(
                     options.profile,
                     jsonText(stagesJson(times, manifest, secondsSince(begin)),
                              1) +
                         "\n");
  });
}

CommandResult segc::runPredict(const PredictOptions &options) {
  return runShared(options.ranks, [&](const Job *job) -> CommandResult {
    if (job && !options.profile.empty())
      return wrongUsage("--profile measures one process; start one");
    PredictOptions ofRank = options;
    SEGC_ASSIGN_OR_RETURN(ofRank.model, placeOfRank(options.model, job));
    return predict(std::move(ofRank), job, mainTask);
  });
}
