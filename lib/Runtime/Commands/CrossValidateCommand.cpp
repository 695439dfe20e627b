//===- CrossValidateCommand.cpp - segrun cross-validate -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "PostprocessOption.h"
#include "SharedJob.h"
#include "TrainRanks.h"
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
#include "segc/Runtime/Metrics/MetricsRecord.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/CrossValidation.h"
#include "segc/Runtime/Train/Report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

using namespace segc;
namespace fs = std::filesystem;

static constexpr const char *tableName = "cross-validation.json";
static constexpr const char *reportName = "report.html";
static constexpr const char *seedPrefix = "seed-";
/// Of the surface Dice, in mm.
static constexpr double surfaceTolerance = 1;
/// A fold goes on from its checkpoint where a rank was killed.
static constexpr int64_t maxAttempts = 5;

namespace {

class CrossValidationRun {
public:
  CrossValidationRun(const CrossValidateOptions &options, const Job *job)
      : options(options), job(job), results(options.train.results),
        cached(holdsCache(options.train.data.data)) {}

  CommandResult run();

private:
  /// A training of a seed.
  struct Fold {
    int64_t seed, fold;
  };

  /// Opens model and data once, to see what is wrong before any work.
  Status prepare();
  /// Sets how many folds are trained, of `known` ones.
  Status chooseFolds(int64_t known);
  /// The files that are read: of a cache also those that its cases come from.
  StatusOr<std::vector<std::string>> openFiles(const Manifest &manifest);
  /// Takes the results of an earlier run, or puts them aside.
  Status begin();
  StatusOr<std::unique_ptr<CommandCases>> openFolds();
  TrainOptions trainingOf(int64_t seed, int64_t fold) const;
  std::string tablePath() const { return results + "/" + tableName; }
  StatusOr<CrossValidation> readTable() const;
  /// Adds a result to the table, in the order of the folds.
  Status addResult(FoldResult result) const;
  /// The folds that this process takes.
  Status runFolds(CommandCases &cases);
  /// Trains a fold, unless that is done, and measures what it held out.
  Status runFold(int64_t index, CommandCases &cases) const;
  /// The numbers of the table; `held` is null but for a cache.
  StatusOr<FoldResult> evaluate(const TrainOptions &training,
                                const std::vector<CaseMetrics> *held) const;
  Status evaluateSamples(const TrainOptions &training,
                         FoldResult &result) const;
  /// Measures the cases that a fold held out on the grids of their files.
  StatusOr<std::vector<CaseMetrics>>
  measureFold(const TrainOptions &training) const;
  StatusOr<std::vector<CaseMetrics>>
  measureSamples(const TrainOptions &training) const;
  StatusOr<std::vector<CaseMetrics>>
  measureCached(const TrainOptions &training) const;
  /// Writes the metrics of the cases that the folds of a seed held out.
  Status writeCases(size_t seedIndex, const CommandCases &cases) const;
  /// Chooses post-processing by the masks of the cases of a seed.
  Status choosePostprocessing(int64_t seed, const MetricsTable &table) const;
  CommandResult finish(const CommandCases &cases) const;
  StatusOr<LoadedModel> openFold(const TrainOptions &training) const {
    return openTrained(training.model, checkpointOf(training));
  }
  std::string checkpointOf(const TrainOptions &training) const {
    return training.results + "/checkpoints/" + checkpoint;
  }
  std::string seedFolder(int64_t seed) const {
    return seedFolderOf(results, seed);
  }

  /// Pictures of what the fold of a training held out. Another one may hold out
  /// the same case.
  std::string overlaysOf(const TrainOptions &training) const {
    return seedFolder(training.data.seed) + "/overlays/" +
           foldName(training.data.fold.value_or(0));
  }

  const CrossValidateOptions &options;
  const Job *job; ///< Null in the only process.
  std::string results, checkpoint;
  bool cached;             ///< The data are those of a cache.
  int64_t foldsOfSeed = 0; ///< How many are trained with a seed.
  std::vector<Fold> folds;
  MetricsTable noCases; ///< Of the classes or regions of the data.
  int64_t classes = 0;  ///< Of the model, or its regions and the background.
  std::vector<std::string> labelNames; ///< Of masks and pictures.
  Notes notes; ///< None: those of the data are said by each fold.
  std::optional<ResultsFolder> folder; ///< Keeps its lock.
  OrderedJson tableOptions;
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
          {"--nfolds", optionValue(train.data.foldCount)},
          {"--legacy-resize", train.data.legacyResize},
          {"--orientation", optionValue(train.data.orientation)},
          {"--channel", optionValue(train.data.channel)},
          {"--label-map", train.data.labelMap},
          {"--init", train.init},
          {"--augment", train.augment.value_or(false)},
          {"--epochs", optionValue(train.epochs)},
          {"--max-steps", optionValue(train.maxSteps)},
          {"--steps-per-epoch", optionValue(train.stepsPerEpoch)},
          {"--max-time", optionValue(train.maxSeconds)},
          {"--patience", optionValue(train.patience)},
          {"--target-dice", optionValue(train.targetDice)},
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
  json["--oversampling"] = optionValue(train.oversampling);
  json["--volumes-per-batch"] = optionValue(train.volumesPerBatch);
  json["--overlap"] = optionValue(onGrid.windows.overlap);
  json["--window-weights"] =
      onGrid.windows.constantWeights
          ? OrderedJson(*onGrid.windows.constantWeights ? "constant"
                                                        : "gaussian")
          : OrderedJson(nullptr);
  json["--tta"] = onGrid.windows.flips.value_or(false);
  json["--average"] = onGrid.windows.averageProbabilities.value_or(false)
                          ? "probabilities"
                          : "logits";
}

Status CrossValidationRun::chooseFolds(int64_t known) {
  foldsOfSeed = options.folds.value_or(known);
  if (foldsOfSeed > known)
    return wrongUsage("--folds " + std::to_string(foldsOfSeed) +
                      ": expected at most " + std::to_string(known) +
                      ", the number of folds that the cases are split into");
  return Status::success();
}

StatusOr<std::vector<std::string>>
CrossValidationRun::openFiles(const Manifest &manifest) {
  const TrainOptions first = trainingOf(options.seeds[0], 0);
  if (!cached) {
    SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                          openData(first.data, manifest));
    SEGC_RETURN_IF_ERROR(
        chooseFolds(options.train.data.foldCount.value_or(defaultFolds)));
    noCases.tolerance = surfaceTolerance;
    noCases.classNames = foregroundNames(dataset->classNames());
    labelNames = dataset->classNames();
    return dataset->files();
  }
  std::vector<std::string> files;
  std::map<int64_t, int64_t> foldOfMask; // By the case's place in the cache.
  int64_t fold = 0;
  do {
    StatusOr<CacheCases> cases =
        openCacheCases(trainingOf(options.seeds[0], fold).data, manifest);
    if (!cases.ok())
      return cases.status();
    if (fold == 0)
      SEGC_RETURN_IF_ERROR(chooseFolds(cases->folds(options.train.data)));
    if (cases->split.validation.empty())
      return invalidArgument(first.data.data + ": fold " +
                             std::to_string(fold) + " holds out no case");
    if (options.onGrid.saveMasks)
      for (int64_t place : cases->split.validation)
        if (auto [other, isNew] = foldOfMask.emplace(place, fold); !isNew)
          return invalidArgument(
              first.data.data + ": folds " + std::to_string(other->second) +
              " and " + std::to_string(fold) + " hold out the case \"" +
              cases->cache->caseName(place) +
              "\"; their masks would overwrite each other; leave --save-masks "
              "out, or let one fold hold it out");
    SEGC_ASSIGN_OR_RETURN(std::vector<std::string> originals,
                          originalFilesOf(*cases->cache,
                                          cases->split.validation,
                                          options.onGrid));
    if (fold == 0) {
      files = cases->cache->files();
      noCases = tableOf(cases->cache->plan(), surfaceTolerance);
    }
    std::move(originals.begin(), originals.end(), std::back_inserter(files));
  } while (++fold < foldsOfSeed);
  return files;
}

Status CrossValidationRun::prepare() {
  const TrainOptions first = trainingOf(options.seeds[0], 0);
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(first.model, {/*training=*/true}));
  if (!cached)
    SEGC_RETURN_IF_ERROR(checkWholeClasses(model.runner));
  const Manifest &manifest = model.runner.manifest();
  classes = manifest.classes + (manifest.sigmoid ? 1 : 0);
  SEGC_ASSIGN_OR_RETURN(labelNames, labelNamesOf(manifest.pipeline));
  checkpoint = options.checkpoint.value_or(recipeOf(manifest).published);
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        openFiles(manifest));
  SEGC_ASSIGN_OR_RETURN(std::string library,
                        readFile(model.runner.library().path()));
  tableOptions = optionsOf(options.train, sha256(library), checkpoint);
  if (cached)
    addWindowOptions(options.onGrid, options.train, tableOptions);
  CommandPaths paths;
  paths.inputs = {{"--model", options.train.model.model},
                  {"--init", options.train.init}};
  addInputs(paths, "--data", files);
  paths.places = {{"--results", results}};
  paths.folders = {{"--results", results}};
  paths.outputs = {{"--results", tablePath()}};
  for (int64_t seed : options.seeds)
    for (int64_t fold = 0; fold < foldsOfSeed; ++fold)
      folds.push_back({seed, fold});
  return checkOutputs(paths);
}

StatusOr<CrossValidation> CrossValidationRun::readTable() const {
  SEGC_ASSIGN_OR_RETURN(const std::string text,
                        readFile(tablePath(), 1u << 28));
  return CrossValidation::fromJson(text, tablePath());
}

Status CrossValidationRun::addResult(FoldResult result) const {
  SEGC_ASSIGN_OR_RETURN(CrossValidation table, readTable());
  table.results.push_back(std::move(result));
  // Ranks end them in any order.
  std::vector<FoldResult> ordered;
  for (const FoldResult &known : table.results)
    if (std::none_of(folds.begin(), folds.end(), [&](const Fold &f) {
          return f.seed == known.seed && f.fold == known.fold;
        }))
      ordered.push_back(known);
  for (const Fold &fold : folds)
    if (const FoldResult *found = table.find(fold.seed, fold.fold))
      ordered.push_back(*found);
  table.results = std::move(ordered);
  return writeFileAtomically(tablePath(), jsonText(table.toJson(), 2) + "\n");
}

Status CrossValidationRun::begin() {
  SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(results));
  if (options.train.resume && pathExists(tablePath())) {
    SEGC_ASSIGN_OR_RETURN(const CrossValidation before, readTable());
    return checkSameOptions(before.options, tableOptions, results);
  }
  std::vector<std::string> names = {tableName, reportName};
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
  CrossValidation table;
  table.options = tableOptions;
  return writeFileAtomically(tablePath(), jsonText(table.toJson(), 2) + "\n");
}

StatusOr<std::unique_ptr<CommandCases>> CrossValidationRun::openFolds() {
  CommandCases::Work work;
  work.folder = results + "/.ranks";
  for (const Fold &fold : folds)
    work.names.push_back("fold " + std::to_string(fold.fold) + " of seed " +
                         std::to_string(fold.seed));
  work.maxAttempts = maxAttempts;
  work.noun = "folds";
  work.files = {{"--model", options.train.model.model},
                {"--init", options.train.init}};
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<CommandCases> cases,
      CommandCases::open(job, std::move(work), notes, [&]() -> Status {
        SEGC_RETURN_IF_ERROR(begin());
        if (job) // Other ranks share the lock as soon as they may join.
          folder.reset();
        return Status::success();
      }));
  if (job) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::share(results));
  }
  return cases;
}

TrainOptions CrossValidationRun::trainingOf(int64_t seed, int64_t fold) const {
  TrainOptions training = options.train;
  training.data.seed = seed;
  training.data.fold = fold;
  training.results = foldFolderOf(results, seed, fold);
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

StatusOr<FoldResult>
CrossValidationRun::evaluate(const TrainOptions &training,
                             const std::vector<CaseMetrics> *held) const {
  FoldResult result;
  result.seed = training.data.seed;
  result.fold = training.data.fold.value_or(0);
  if (held) {
    MetricsTable metrics = noCases;
    metrics.cases = *held;
    metrics.completeClasses();
    result.setValues(metrics.toRecord());
  } else {
    SEGC_RETURN_IF_ERROR(evaluateSamples(training, result));
  }
  SEGC_ASSIGN_OR_RETURN(TrainState evaluated,
                        readTrainState(checkpointOf(training)));
  SEGC_ASSIGN_OR_RETURN(TrainState last,
                        readTrainState(training.results + "/checkpoints/last"));
  result.step = evaluated.step;
  result.seconds = last.seconds;
  return result;
}

Status CrossValidationRun::runFold(int64_t index, CommandCases &cases) const {
  const auto [seed, fold] = folds[static_cast<size_t>(index)];
  const TrainOptions training = trainingOf(seed, fold);
  SEGC_ASSIGN_OR_RETURN(const CrossValidation table, readTable());
  const bool isDone = table.find(seed, fold) != nullptr;
  if (!isDone) {
    std::fprintf(stderr, "segrun: fold %lld of seed %lld: %s\n",
                 static_cast<long long>(fold), static_cast<long long>(seed),
                 training.results.c_str());
    SEGC_RETURN_IF_ERROR(trainAlone(training).status);
  }
  std::optional<FoldResult> result;
  if (!isDone && !cached) {
    SEGC_ASSIGN_OR_RETURN(result, evaluate(training, nullptr));
  }
  SEGC_ASSIGN_OR_RETURN(const std::vector<CaseMetrics> held,
                        measureFold(training));
  if (!isDone && cached) {
    SEGC_ASSIGN_OR_RETURN(result, evaluate(training, &held));
  }
  if (result)
    SEGC_RETURN_IF_ERROR(
        cases.exclusively([&] { return addResult(std::move(*result)); }));
  Json list = Json::array();
  for (const CaseMetrics &entry : held)
    list.push_back(toJson(entry));
  cases.setValue(index, std::move(list));
  return Status::success();
}

Status CrossValidationRun::runFolds(CommandCases &cases) {
  if (job)
    return cases.forEach([&](int64_t index) { return runFold(index, cases); });
  // What a seed held out is written when its last fold is done, and nothing is
  // trained behind a failure.
  while (const std::optional<int64_t> index = cases.next(/*wait=*/true)) {
    const Status status = runFold(*index, cases);
    SEGC_RETURN_IF_ERROR(status);
    cases.finish(*index, status);
    if ((*index + 1) % foldsOfSeed == 0)
      SEGC_RETURN_IF_ERROR(
          writeCases(static_cast<size_t>(*index / foldsOfSeed), cases));
  }
  return stopSignal()
             ? Status(StatusCode::Interrupted, "interrupted behind a fold")
             : Status::success();
}

StatusOr<std::vector<CaseMetrics>>
CrossValidationRun::measureFold(const TrainOptions &training) const {
  return cached ? measureCached(training) : measureSamples(training);
}

StatusOr<std::vector<CaseMetrics>>
CrossValidationRun::measureSamples(const TrainOptions &training) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Dataset> dataset,
      openData(training.data, model.runner.manifest(), model.frame));
  return measureSplit(model.runner, *dataset, Split::Validation,
                      batchSizeOf(training.model, model.runner.manifest()),
                      surfaceTolerance, *model.pool, overlaysOf(training));
}

StatusOr<std::vector<CaseMetrics>>
CrossValidationRun::measureCached(const TrainOptions &training) const {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openFold(training));
  SEGC_ASSIGN_OR_RETURN(CacheCases cases,
                        openCacheCases(training.data, model.runner.manifest()));
  CacheEvaluation how(options.onGrid);
  how.tolerance = surfaceTolerance;
  how.limits.maxBytes = static_cast<uint64_t>(training.data.maxImageBytes);
  how.batch = batchSizeOf(training.model, model.runner.manifest());
  how.overlays = overlaysOf(training);
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
  return metricsOf(*work);
}

Status CrossValidationRun::writeCases(size_t seedIndex,
                                      const CommandCases &cases) const {
  const int64_t seed = options.seeds[seedIndex];
  const auto ofSeed = static_cast<size_t>(foldsOfSeed);
  MetricsTable metrics = noCases;
  for (size_t fold = 0; fold < ofSeed; ++fold)
    for (const Json &entry : cases.records()[seedIndex * ofSeed + fold].value) {
      metrics.cases.push_back(caseMetricsOf(entry));
      metrics.cases.back().fold = static_cast<int64_t>(fold);
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

CommandResult CrossValidationRun::finish(const CommandCases &cases) const {
  const std::vector<FailedCase> failures = cases.failures();
  if (failures.size() == 1)
    return failures[0].status.withContext(failures[0].name);
  std::string names;
  for (const FailedCase &failure : failures) {
    printMessage(failure.name + ": " + failure.status.message());
    names += (names.empty() ? "" : ", ") + failure.name;
  }
  if (!failures.empty())
    return dataLoss(std::to_string(failures.size()) + " of " +
                    std::to_string(folds.size()) + " folds failed: " + names);
  for (size_t i = 0; job && i < options.seeds.size(); ++i)
    SEGC_RETURN_IF_ERROR(writeCases(i, cases));
  SEGC_ASSIGN_OR_RETURN(const CrossValidation table, readTable());
  SEGC_RETURN_IF_ERROR(writeCrossValidationReport(results, table, labelNames));
  std::printf("%s", table.toText().c_str());
  return Status::success();
}

CommandResult CrossValidationRun::run() {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  SEGC_RETURN_IF_ERROR(prepare());
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<CommandCases> cases, openFolds());
  const Status status = runFolds(*cases);
  if (std::optional<CommandResult> result = cases->leave(status))
    return *result;
  return cases->close(finish(*cases));
}

CommandResult segc::runCrossValidate(const CrossValidateOptions &options) {
  return runShared(options.ranks, [&](const Job *job) -> CommandResult {
    CrossValidateOptions ofRank = options;
    SEGC_ASSIGN_OR_RETURN(ofRank.train.model,
                          placeOfRank(options.train.model, job));
    return CrossValidationRun(ofRank, job).run();
  });
}
