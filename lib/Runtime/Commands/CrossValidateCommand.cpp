//===- CrossValidateCommand.cpp - segrun cross-validate -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/CrossValidation.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

static constexpr const char *tableName = "cross-validation.json";
static constexpr const char *seedPrefix = "seed-";
/// Of the surface Dice, in mm.
static constexpr double surfaceTolerance = 1;

namespace {

class CrossValidationRun {
public:
  explicit CrossValidationRun(const CrossValidateOptions &options)
      : options(options), results(options.train.results) {}

  CommandResult run();

private:
  /// Opens model and data once, to see what is wrong before any work.
  Status prepare();
  /// Takes the results of an earlier run, or puts them aside.
  Status begin();
  TrainOptions trainingOf(int64_t seed, int64_t fold) const;
  CommandResult runFold(int64_t seed, int64_t fold);
  StatusOr<FoldResult> evaluate(const TrainOptions &training) const;
  /// Writes the metrics of the cases that the folds of a seed held out.
  Status measureCases(int64_t seed) const;
  StatusOr<LoadedModel> openFold(const TrainOptions &training) const {
    return openTrained(training.model, checkpointOf(training));
  }
  std::string checkpointOf(const TrainOptions &training) const {
    return training.results + "/checkpoints/" + checkpoint;
  }
  std::string seedFolder(int64_t seed) const {
    return results + "/" + seedPrefix + std::to_string(seed);
  }

  const CrossValidateOptions &options;
  std::string results, checkpoint;
  std::optional<ResultsFolder> folder; ///< Keeps its lock.
  CrossValidation table;
};

} // namespace

template <typename T>
static OrderedJson optionValue(const std::optional<T> &value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

/// What makes a training what it is.
static OrderedJson optionsOf(const TrainOptions &train,
                             const std::string &modelHash,
                             const std::string &checkpoint) {
  return {{"--model", modelHash},
          {"--batch-size", optionValue(train.model.batchSize)},
          {"--amp", train.model.amp},
          {"--legacy-resize", train.data.legacyResize},
          {"--orientation", optionValue(train.data.orientation)},
          {"--channel", optionValue(train.data.channel)},
          {"--label-map", train.data.labelMap},
          {"--init", train.init},
          {"--augment", train.augment.value_or(false)},
          {"--epochs", optionValue(train.epochs)},
          {"--max-steps", optionValue(train.maxSteps)},
          {"--max-time", optionValue(train.maxSeconds)},
          {"--patience", optionValue(train.patience)},
          {"--best-by", optionValue(train.bestBy)},
          {"--learning-rate", optionValue(train.learningRate)},
          {"--momentum", optionValue(train.momentum)},
          {"--weight-decay", optionValue(train.weightDecay)},
          {"--loss-scale", optionValue(train.lossScale)},
          {"--scheduler", optionValue(train.scheduler)},
          {"--schedule-by", optionValue(train.scheduleBy)},
          {"--end-learning-rate", optionValue(train.endLearningRate)},
          {"--cosine-annealing-first-cycle-steps",
           optionValue(train.firstCycleSteps)},
          {"--lr-milestones", train.milestones},
          {"--lr-factor", optionValue(train.milestoneFactor)},
          {"--lr-warmup-epochs", optionValue(train.lrWarmupEpochs)},
          {"--init-learning-rate", optionValue(train.initialLearningRate)},
          {"--evaluate-every", optionValue(train.evaluateEvery)},
          {"--skip-eval", train.skipEval},
          {"--checkpoint", checkpoint}};
}

static Status checkOptions(const CrossValidateOptions &options) {
  std::vector<int64_t> seeds = options.seeds;
  std::sort(seeds.begin(), seeds.end());
  const auto twice = std::adjacent_find(seeds.begin(), seeds.end());
  if (twice != seeds.end())
    return wrongUsage("--seeds: expected different ones, got " +
                      std::to_string(*twice) + " twice");
  return options.train.data.data.empty() ? wrongUsage("--data is required")
                                         : Status::success();
}

Status CrossValidationRun::prepare() {
  const TrainOptions first = trainingOf(options.seeds[0], 0);
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(first.model, /*training=*/true));
  const Manifest &manifest = model.runner.manifest();
  checkpoint = options.checkpoint.value_or(recipeOf(manifest).published);
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openData(first.data, manifest));
  SEGC_ASSIGN_OR_RETURN(std::string library,
                        readFile(model.runner.library().path()));
  table.options = optionsOf(options.train, sha256(library), checkpoint);
  CommandPaths paths;
  paths.inputs = {{"--model", options.train.model.model},
                  {"--init", options.train.init}};
  addInputs(paths, "--data", dataset->files());
  paths.places = {{"--results", results}};
  paths.folders = {{"--results", results}};
  paths.outputs = {{"--results", results + "/" + tableName}};
  return checkOutputs(paths);
}

Status CrossValidationRun::begin() {
  SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(results));
  const std::string path = results + "/" + tableName;
  if (options.train.resume && pathExists(path)) {
    SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
    SEGC_ASSIGN_OR_RETURN(CrossValidation before,
                          CrossValidation::fromJson(text, path));
    SEGC_RETURN_IF_ERROR(
        checkSameOptions(before.options, table.options, results));
    table.results = std::move(before.results);
    return Status::success();
  }
  std::vector<std::string> names = {tableName};
  std::error_code error;
  for (fs::directory_iterator entry(results, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind(seedPrefix, 0) == 0)
      names.push_back(name);
  }
  std::vector<const char *> pointers;
  for (const std::string &name : names)
    pointers.push_back(name.c_str());
  SEGC_ASSIGN_OR_RETURN(std::string aside, folder->putAside(pointers));
  if (!aside.empty())
    printMessage(results + ": what an earlier run left is now in " + aside);
  return writeFileAtomically(path, jsonText(table.toJson(), 2) + "\n");
}

TrainOptions CrossValidationRun::trainingOf(int64_t seed, int64_t fold) const {
  TrainOptions training = options.train;
  training.data.seed = seed;
  training.data.fold = fold;
  training.results = seedFolder(seed) + "/fold-" + std::to_string(fold);
  training.checkpointStrategy = "last_and_best";
  // A fold that was cut off goes on from its checkpoint.
  training.resume =
      !findCheckpoint(training.results + "/checkpoints/last").empty();
  if (training.resume)
    training.init.clear();
  return training;
}

StatusOr<FoldResult>
CrossValidationRun::evaluate(const TrainOptions &training) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Dataset> dataset,
      openData(training.data, model.runner.manifest(), model.frame));
  SEGC_RETURN_IF_ERROR(dataset->load(Split::Validation));
  SEGC_ASSIGN_OR_RETURN(
      Evaluation evaluation,
      evaluateSplit(model.runner, *dataset, Split::Validation,
                    batchSizeOf(training.model, model.runner.manifest())));
  SEGC_ASSIGN_OR_RETURN(TrainState evaluated,
                        readTrainState(checkpointOf(training)));
  SEGC_ASSIGN_OR_RETURN(TrainState last,
                        readTrainState(training.results + "/checkpoints/last"));
  FoldResult result;
  result.seed = training.data.seed;
  result.fold = training.data.fold.value_or(0);
  result.step = evaluated.step;
  result.seconds = last.seconds;
  result.setValues(evaluation.toRecord());
  return result;
}

CommandResult CrossValidationRun::runFold(int64_t seed, int64_t fold) {
  const TrainOptions training = trainingOf(seed, fold);
  std::fprintf(stderr, "segrun: fold %lld of seed %lld: %s\n",
               static_cast<long long>(fold), static_cast<long long>(seed),
               training.results.c_str());
  CommandResult trained = runTrain(training);
  if (!trained.status.ok())
    return trained;
  SEGC_ASSIGN_OR_RETURN(FoldResult result, evaluate(training));
  table.results.push_back(std::move(result));
  return writeFileAtomically(results + "/" + tableName,
                             jsonText(table.toJson(), 2) + "\n");
}

Status CrossValidationRun::measureCases(int64_t seed) const {
  MetricsTable metrics;
  metrics.tolerance = surfaceTolerance;
  for (int64_t fold = 0; fold < options.folds; ++fold) {
    const TrainOptions training = trainingOf(seed, fold);
    SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
    SEGC_ASSIGN_OR_RETURN(
        std::unique_ptr<Dataset> dataset,
        openData(training.data, model.runner.manifest(), model.frame));
    SEGC_ASSIGN_OR_RETURN(
        std::vector<CaseMetrics> cases,
        measureSplit(model.runner, *dataset, Split::Validation,
                     batchSizeOf(training.model, model.runner.manifest()),
                     metrics.tolerance, *model.pool));
    std::move(cases.begin(), cases.end(), std::back_inserter(metrics.cases));
    const std::vector<std::string> &names = dataset->classNames();
    for (size_t i = 1; i < names.size(); ++i)
      metrics.classNames[static_cast<int32_t>(i)] = names[i];
  }
  metrics.completeClasses();
  const std::string folder = seedFolder(seed);
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(folder + "/case-metrics.csv", metrics.toCsv()));
  SEGC_RETURN_IF_ERROR(writeFileAtomically(
      folder + "/case-metrics.json", jsonText(metrics.toJson(), 2) + "\n"));
  return writeFileAtomically(folder + "/summary.json", metrics.toSummary());
}

CommandResult CrossValidationRun::run() {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  SEGC_RETURN_IF_ERROR(prepare());
  SEGC_RETURN_IF_ERROR(begin());
  catchStopSignals();
  for (int64_t seed : options.seeds) {
    for (int64_t fold = 0; fold < options.folds; ++fold) {
      if (table.find(seed, fold))
        continue;
      CommandResult result = runFold(seed, fold);
      if (!result.status.ok())
        return result;
    }
    SEGC_RETURN_IF_ERROR(measureCases(seed));
  }
  std::printf("%s", table.toText().c_str());
  return Status::success();
}

CommandResult segc::runCrossValidate(const CrossValidateOptions &options) {
  return CrossValidationRun(options).run();
}
