//===- CrossValidateCommand.cpp - segrun cross-validate -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "PostprocessOption.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/EvaluateFolders.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/CrossValidation.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

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
      : options(options), results(options.train.results),
        cached(holdsCache(options.train.data.data)) {}

  CommandResult run();

private:
  /// Opens model and data once, to see what is wrong before any work.
  Status prepare();
  /// The files that are read: of a cache also those that its cases come from.
  StatusOr<std::vector<std::string>> dataFiles(const Manifest &manifest);
  /// Takes the results of an earlier run, or puts them aside.
  Status begin();
  TrainOptions trainingOf(int64_t seed, int64_t fold) const;
  CommandResult runFold(int64_t seed, int64_t fold);
  StatusOr<FoldResult> evaluate(const TrainOptions &training);
  /// The same of the folds of a cache, by the cases on the grids of their
  /// files.
  Status evaluateCached(const TrainOptions &training, FoldResult &result);
  Status evaluateSamples(const TrainOptions &training,
                         FoldResult &result) const;
  /// Measures the cases that a fold held out on the grids of their files.
  StatusOr<MetricsTable> measureFold(const TrainOptions &training) const;
  StatusOr<MetricsTable> measureCached(const TrainOptions &training) const;
  /// Writes the metrics of the cases that the folds of a seed held out.
  Status measureCases(int64_t seed);
  /// Chooses post-processing by the masks of the cases of a seed.
  Status choosePostprocessing(int64_t seed, const MetricsTable &table) const;
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
  bool cached; ///< The data are those of a cache.
  /// What the folds of a cache held out, by seed and fold, as far as this
  /// process evaluated it.
  std::map<std::pair<int64_t, int64_t>, MetricsTable> measured;
  int64_t classes = 0; ///< Of the model, or its regions and the background.
  std::vector<std::string> labelNames; ///< Of the masks.
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
  if (options.train.data.data.empty())
    return wrongUsage("--data is required");
  if (!options.onGrid.given.empty() && !holdsCache(options.train.data.data))
    return wrongUsage(options.onGrid.given +
                      " has no effect but on a cache of `segrun preprocess`: "
                      "leave it out");
  return Status::success();
}

/// How the cases of a cache are predicted.
static void addWindowOptions(const OriginalGridOptions &onGrid,
                             const TrainOptions &train, OrderedJson &json) {
  json["--augmentation"] = optionValue(train.augmentation);
  json["--overlap"] = optionValue(onGrid.windows.overlap);
  json["--window-weights"] =
      onGrid.windows.constantWeights
          ? OrderedJson(*onGrid.windows.constantWeights ? "constant"
                                                        : "gaussian")
          : OrderedJson(nullptr);
  json["--tta"] = onGrid.windows.flips;
  json["--average"] =
      onGrid.windows.averageProbabilities ? "probabilities" : "logits";
}

StatusOr<std::vector<std::string>>
CrossValidationRun::dataFiles(const Manifest &manifest) {
  const TrainOptions first = trainingOf(options.seeds[0], 0);
  if (!cached) {
    SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                          openData(first.data, manifest));
    return dataset->files();
  }
  std::vector<std::string> files;
  for (int64_t fold = 0; fold < options.folds; ++fold) {
    StatusOr<CacheCases> cases =
        openCacheCases(trainingOf(options.seeds[0], fold).data, manifest);
    if (!cases.ok())
      return cases.status().withContext("--folds " +
                                        std::to_string(options.folds));
    if (cases->split.validation.empty())
      return invalidArgument(first.data.data + ": fold " +
                             std::to_string(fold) + " holds out no case");
    SEGC_ASSIGN_OR_RETURN(std::vector<std::string> originals,
                          originalFilesOf(*cases->cache,
                                          cases->split.validation,
                                          options.onGrid));
    if (fold == 0)
      files = cases->cache->files();
    std::move(originals.begin(), originals.end(), std::back_inserter(files));
  }
  return files;
}

Status CrossValidationRun::prepare() {
  const TrainOptions first = trainingOf(options.seeds[0], 0);
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(first.model, /*training=*/true));
  if (!cached)
    SEGC_RETURN_IF_ERROR(checkWholeClasses(model.runner));
  const Manifest &manifest = model.runner.manifest();
  classes = manifest.classes + (manifest.sigmoid ? 1 : 0);
  SEGC_ASSIGN_OR_RETURN(labelNames, labelNamesOf(manifest.pipeline));
  checkpoint = options.checkpoint.value_or(recipeOf(manifest).published);
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        dataFiles(manifest));
  SEGC_ASSIGN_OR_RETURN(std::string library,
                        readFile(model.runner.library().path()));
  table.options = optionsOf(options.train, sha256(library), checkpoint);
  if (cached)
    addWindowOptions(options.onGrid, options.train, table.options);
  CommandPaths paths;
  paths.inputs = {{"--model", options.train.model.model},
                  {"--init", options.train.init}};
  addInputs(paths, "--data", files);
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

Status CrossValidationRun::evaluateSamples(const TrainOptions &training,
                                           FoldResult &result) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Dataset> dataset,
      openData(training.data, model.runner.manifest(), model.frame));
  SEGC_RETURN_IF_ERROR(dataset->load(Split::Validation));
  SEGC_ASSIGN_OR_RETURN(
      Evaluation evaluation,
      evaluateSplit(model.runner, *dataset, Split::Validation,
                    batchSizeOf(training.model, model.runner.manifest())));
  result.setValues(evaluation.toRecord());
  return Status::success();
}

Status CrossValidationRun::evaluateCached(const TrainOptions &training,
                                          FoldResult &result) {
  SEGC_ASSIGN_OR_RETURN(MetricsTable metrics, measureCached(training));
  measured[{result.seed, result.fold}] = metrics;
  metrics.completeClasses();
  result.setValues(metrics.toRecord());
  return Status::success();
}

StatusOr<FoldResult>
CrossValidationRun::evaluate(const TrainOptions &training) {
  FoldResult result;
  result.seed = training.data.seed;
  result.fold = training.data.fold.value_or(0);
  SEGC_RETURN_IF_ERROR(cached ? evaluateCached(training, result)
                              : evaluateSamples(training, result));
  SEGC_ASSIGN_OR_RETURN(TrainState evaluated,
                        readTrainState(checkpointOf(training)));
  SEGC_ASSIGN_OR_RETURN(TrainState last,
                        readTrainState(training.results + "/checkpoints/last"));
  result.step = evaluated.step;
  result.seconds = last.seconds;
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

StatusOr<MetricsTable>
CrossValidationRun::measureFold(const TrainOptions &training) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Dataset> dataset,
      openData(training.data, model.runner.manifest(), model.frame));
  MetricsTable table;
  table.tolerance = surfaceTolerance;
  table.classNames = foregroundNames(dataset->classNames());
  SEGC_ASSIGN_OR_RETURN(
      table.cases,
      measureSplit(model.runner, *dataset, Split::Validation,
                   batchSizeOf(training.model, model.runner.manifest()),
                   table.tolerance, *model.pool));
  return table;
}

StatusOr<MetricsTable>
CrossValidationRun::measureCached(const TrainOptions &training) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(CacheCases cases,
                        openCacheCases(training.data, model.runner.manifest()));
  MetricsTable table = tableOf(cases.cache->plan(), surfaceTolerance);
  CacheEvaluation how(options.onGrid);
  how.tolerance = table.tolerance;
  how.limits.maxBytes = static_cast<uint64_t>(training.data.maxImageBytes);
  how.batch = batchSizeOf(training.model, model.runner.manifest());
  if (options.onGrid.saveMasks)
    how.masks = seedFolder(training.data.seed) + "/predictions";
  const std::unique_ptr<Dataset> dataset =
      openOriginals(cases, Split::Validation, how);
  SEGC_ASSIGN_OR_RETURN(
      const std::unique_ptr<CommandCases> work,
      CommandCases::open(nullptr,
                         {"", mainTask, caseNames(*dataset, Split::Validation)},
                         dataset->notes()));
  SEGC_RETURN_IF_ERROR(
      evaluateOnGrid(model, cases, *dataset, Split::Validation, how, *work));
  work->printNotes();
  const std::vector<FailedCase> failures = work->failures();
  if (!failures.empty())
    return failures[0].status.withContext("case " + failures[0].name);
  table.cases = metricsOf(*work);
  return table;
}

Status CrossValidationRun::measureCases(int64_t seed) {
  MetricsTable metrics;
  for (int64_t fold = 0; fold < options.folds; ++fold) {
    const TrainOptions training = trainingOf(seed, fold);
    auto known = measured.extract({seed, fold});
    MetricsTable held;
    if (known) {
      held = std::move(known.mapped());
    } else {
      SEGC_ASSIGN_OR_RETURN(held, cached ? measureCached(training)
                                         : measureFold(training));
    }
    metrics.tolerance = held.tolerance;
    metrics.classNames.merge(held.classNames);
    metrics.classes = held.classes;
    std::move(held.cases.begin(), held.cases.end(),
              std::back_inserter(metrics.cases));
  }
  metrics.completeClasses();
  SEGC_RETURN_IF_ERROR(writeCaseMetrics(metrics, seedFolder(seed)));
  return options.onGrid.saveMasks ? choosePostprocessing(seed, metrics)
                                  : Status::success();
}

Status
CrossValidationRun::choosePostprocessing(int64_t seed,
                                         const MetricsTable &table) const {
  ImageLimits limits;
  limits.maxBytes = static_cast<uint64_t>(options.train.data.maxImageBytes);
  Notes notes; // What was to be noted was when the cases were predicted.
  const auto caseAt = [&](int64_t index) -> StatusOr<HeldOutCase> {
    if (stopSignal())
      return Status(StatusCode::Interrupted,
                    "interrupted while choosing post-processing");
    const CaseMetrics &entry = table.cases[static_cast<size_t>(index)];
    SEGC_ASSIGN_OR_RETURN(
        const PairedLabels labels,
        readVolumePair({entry.name, entry.predictionFile, entry.labelFile},
                       limits, notes));
    HeldOutCase held;
    held.prediction.assign(labels.prediction.begin(), labels.prediction.end());
    held.label.assign(labels.label.begin(), labels.label.end());
    held.grid = labels.grid;
    return held;
  };
  SEGC_ASSIGN_OR_RETURN(
      const PostprocessChoice choice,
      choosePostprocess(static_cast<int64_t>(table.cases.size()), classes,
                        table.classes, caseAt));
  const std::string path = seedFolder(seed) + "/" + postprocessFileName;
  SEGC_RETURN_IF_ERROR(writePostprocessFile(path, choice, labelNames));
  char change[80];
  std::snprintf(change, sizeof(change), "mean Dice %.4f, %.4f without",
                choice.diceAfter, choice.diceBefore);
  printMessage(path + ": " +
               (choice.steps.empty() ? "no post-processing"
                                     : postprocessText(choice.steps)) +
               " (" + change + ")");
  return Status::success();
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
