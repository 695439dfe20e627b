//===- EvaluateCommand.cpp - segrun evaluate ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "EvaluationResults.h"
#include "FolderEvaluation.h"
#include "SharedJob.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/Predict.h"
#include "segc/Runtime/Metrics/MetricsRecord.h"
#include "segc/Runtime/Train/Report.h"

#include <cstdio>
#include <optional>

using namespace segc;

/// No result may replace what is read.
static Status checkPaths(const EvaluateOptions &options,
                         const Dataset &dataset) {
  CommandPaths paths;
  addInputs(paths, "--data", dataset.files());
  const std::string &results = options.results;
  paths.places = {{"--results", results}};
  paths.folders = {{"--results", results},
                   {"--results", results + "/predictions"},
                   {"--results", results + "/overlays"}};
  return checkOutputs(paths);
}

namespace {

/// The cases that processes evaluate, and the folder for results, if there is
/// one, whose lock they share.
struct EvaluatedCases {
  std::unique_ptr<CommandCases> cases;
  std::optional<ResultsFolder> folder;

  /// What an earlier evaluation left is put aside.
  Status putAside() const {
    return folder ? folder->putAside(evaluationResults()).status()
                  : Status::success();
  }
};

} // namespace

static StatusOr<EvaluatedCases> openCases(const EvaluateOptions &options,
                                          const Job *job,
                                          std::vector<std::string> names,
                                          Notes &notes, bool putAside) {
  EvaluatedCases evaluated;
  const std::string &results = options.results;
  const auto begin = [&]() -> Status {
    if (results.empty())
      return Status::success();
    SEGC_ASSIGN_OR_RETURN(evaluated.folder, ResultsFolder::open(results));
    if (putAside)
      SEGC_RETURN_IF_ERROR(evaluated.putAside());
    if (job) // Other ranks share the lock as soon as they may join.
      evaluated.folder.reset();
    return Status::success();
  };
  SEGC_ASSIGN_OR_RETURN(
      evaluated.cases,
      CommandCases::open(job, evaluationWork(options, std::move(names)), notes,
                         begin));
  if (job && !results.empty()) {
    SEGC_ASSIGN_OR_RETURN(evaluated.folder, ResultsFolder::share(results));
  }
  return evaluated;
}

/// Predicts cases of a cache and compares them on the grids of their files.
static CommandResult evaluateCache(const EvaluateOptions &options,
                                   LoadedModel &model, Split split,
                                   const Job *job) {
  SEGC_ASSIGN_OR_RETURN(
      CacheCases cases,
      openCacheCases(options.data, model.runner.manifest(), CacheUse::Windows));
  if (split == Split::Test)
    return wrongUsage("--split test: a cache has no test cases, expected train "
                      "or validation");
  const std::vector<int64_t> &places = cases.placesOf(split);
  if (places.empty())
    return invalidArgument(options.data.data + ": the " + options.split +
                           " split has no cases; give --fold, --train-split or "
                           "another --split");
  if (options.onGrid.saveMasks && options.results.empty())
    return wrongUsage("--save-masks needs --results, where the masks go");
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> originals,
                        originalFilesOf(*cases.cache, places, options.onGrid));
  CacheEvaluation how(options.onGrid);
  how.tolerance = options.surfaceTolerance;
  how.limits.maxBytes = static_cast<uint64_t>(options.data.maxImageBytes);
  how.batch = batchSizeOf(options.model, model.runner.manifest());
  if (!options.results.empty()) {
    const std::string masks = options.results + "/predictions";
    CommandPaths paths;
    addInputs(paths, "--data", cases.cache->files());
    addInputs(paths, "--dataset", originals);
    paths.places = {{"--results", options.results}};
    how.overlays = options.results + "/overlays";
    paths.folders = {{"--results", options.results},
                     {"--results", masks},
                     {"--results", how.overlays}};
    SEGC_RETURN_IF_ERROR(checkOutputs(paths));
    if (options.onGrid.saveMasks)
      how.masks = masks;
  }
  catchStopSignals();
  const std::unique_ptr<Dataset> dataset = openOriginals(cases, split, how);
  SEGC_ASSIGN_OR_RETURN(const EvaluatedCases evaluated,
                        openCases(options, job, caseNames(*dataset, split),
                                  dataset->notes(), /*putAside=*/true));
  CommandCases &work = *evaluated.cases;
  const Status status =
      evaluateOnGrid(model, cases, *dataset, split, how, work);
  if (std::optional<CommandResult> result = work.leave(status))
    return *result;
  work.printNotes();
  MetricsTable table = tableOf(cases.cache->plan(), options.surfaceTolerance);
  table.cases = metricsOf(work);
  const std::vector<FailedCase> failures = work.failures();
  for (const FailedCase &failure : failures)
    printMessage(failure.name + ": " + failure.status.message());
  const EvaluationPage page = {
      model.runner.manifest().network + " evaluation",
      cases.cache->plan().labelNames(),
      [&]() -> StatusOr<OrderedJson> {
        SEGC_ASSIGN_OR_RETURN(OrderedJson facts,
                              configurationOf(options, model.runner));
        facts["plan_sha256"] = cases.cache->planHash();
        facts["cases_sha256"] = cases.cache->inputsHash();
        return facts;
      },
      /*drawPictures=*/nullptr};
  return work.close(finishTable(options, table, failures, places.size(), page));
}

/// Prints an evaluation and writes it into the folder for results.
static CommandResult
finishEvaluation(const EvaluateOptions &options, ModelRunner &runner,
                 const Dataset &dataset, Split split,
                 const Evaluation &evaluation,
                 const std::optional<ResultsFolder> &folder) {
  std::printf("%s\n", jsonText(evaluation.toRecord(), 2).c_str());
  // Programs read the standard output.
  std::fprintf(stderr, "%s", evaluation.toText().c_str());
  if (!folder)
    return Status::success();
  const Manifest &manifest = runner.manifest();
  SEGC_RETURN_IF_ERROR(folder->putAside(evaluationResults()).status());
  SEGC_RETURN_IF_ERROR(writeMetrics(options.results, evaluation, 0));
  SEGC_RETURN_IF_ERROR(predictExamples(
      runner, dataset, split, batchSizeOf(options.model, manifest),
      exampleCases(evaluation.foregroundDiceByCase()), options.results));
  SEGC_ASSIGN_OR_RETURN(OrderedJson facts, configurationOf(options, runner));
  std::vector<std::string> files;
  for (int64_t i = 0; i < dataset.count(split); ++i) {
    const CaseFiles &entry = dataset.files(split, i);
    files.insert(files.end(), entry.images.begin(), entry.images.end());
    files.push_back(entry.label);
  }
  SEGC_ASSIGN_OR_RETURN(facts["cases_sha256"], filesHash(files));
  return writeReport(options.results, manifest.network + " evaluation",
                     dataset.classNames(), facts);
}

static Json toJson(const EvaluatedBatch &batch) {
  Json cases = Json::array();
  for (const Evaluation::Case &entry : batch.cases)
    cases.push_back(segc::toJson(entry));
  return {std::move(cases), batch.values};
}

static EvaluatedBatch evaluatedBatchOf(const Json &json) {
  EvaluatedBatch batch;
  for (const Json &entry : json.at(0))
    batch.cases.push_back(evaluatedCaseOf(entry));
  batch.values = json.at(1).get<std::vector<std::vector<float>>>();
  return batch;
}

/// Evaluates the batches that are dealt to this rank: the outputs of
/// evaluate_step are means over a batch.
static CommandResult evaluateBatches(const EvaluateOptions &options,
                                     ModelRunner &runner,
                                     const Dataset &dataset, Split split,
                                     const Job &job) {
  BatchEvaluator evaluator(runner, dataset, split,
                           batchSizeOf(options.model, runner.manifest()));
  std::vector<std::string> names;
  for (int64_t batch = 0; batch < evaluator.count(); ++batch)
    names.push_back(evaluator.nameOf(batch));
  SEGC_ASSIGN_OR_RETURN(const EvaluatedCases evaluated,
                        openCases(options, &job, std::move(names),
                                  dataset.notes(), /*putAside=*/false));
  CommandCases &cases = *evaluated.cases;
  const Status status = cases.forEach([&](int64_t batch) -> Status {
    SEGC_ASSIGN_OR_RETURN(const EvaluatedBatch found,
                          evaluator.evaluate(batch));
    cases.setValue(batch, toJson(found));
    return Status::success();
  });
  if (std::optional<CommandResult> result = cases.leave(status))
    return *result;
  if (const std::vector<FailedCase> failures = cases.failures();
      !failures.empty()) {
    // It names all cases that cannot be used.
    const Status loaded = dataset.load(split);
    cases.printNotes();
    return cases.close(loaded.ok() ? failures[0].status : loaded);
  }
  std::vector<EvaluatedBatch> batches;
  for (const CaseRecord &record : cases.records())
    batches.push_back(evaluatedBatchOf(record.value));
  const Evaluation evaluation = evaluator.evaluationOf(std::move(batches));
  cases.printNotes();
  return cases.close(finishEvaluation(options, runner, dataset, split,
                                      evaluation, evaluated.folder));
}

/// Evaluates a model on the samples of a data set.
static CommandResult evaluateSamples(const EvaluateOptions &options,
                                     LoadedModel &model, Split split,
                                     const Job *job) {
  SEGC_RETURN_IF_ERROR(checkWholeClasses(model.runner));
  ModelRunner &runner = model.runner;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openData(options.data, runner.manifest(), model.frame));
  std::optional<ResultsFolder> folder;
  if (!options.results.empty())
    SEGC_RETURN_IF_ERROR(checkPaths(options, *dataset));
  if (job && dataset->count(split) > 0) {
    catchStopSignals();
    return evaluateBatches(options, runner, *dataset, split, *job);
  }
  if (!options.results.empty()) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
  }
  Status loaded = dataset->load(split);
  printNotes(*dataset);
  SEGC_RETURN_IF_ERROR(loaded);
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(
      Evaluation evaluation,
      evaluateSplit(runner, *dataset, split,
                    batchSizeOf(options.model, runner.manifest())));
  printNotes(*dataset);
  return finishEvaluation(options, runner, *dataset, split, evaluation, folder);
}

/// Evaluates as the only process or as one of the ranks of a job.
static CommandResult evaluate(const EvaluateOptions &options, const Job *job) {
  if (job && job->folder.empty() && options.results.empty())
    return wrongUsage("--results is required where " + job->launcher +
                      " starts the ranks, which find each other there");
  if (!options.predictions.empty() || !options.labels.empty())
    return evaluateFolders(options, job);
  if (options.model.model.empty() || options.data.data.empty())
    return wrongUsage(
        std::string(options.model.model.empty() ? "--model" : "--data") +
        " is required, or --predictions and --labels; see "
        "`segrun evaluate --help`");
  const bool cached = holdsCache(options.data.data);
  if (!cached && options.surfaceToleranceGiven)
    return wrongUsage("--surface-tolerance has no effect without "
                      "--predictions or a cache; leave it out");
  if (!cached && !options.onGrid.given.empty())
    return wrongUsage(options.onGrid.given +
                      " has no effect but on a cache of `segrun preprocess`: "
                      "leave it out");
  SEGC_ASSIGN_OR_RETURN(Split split, parseSplit(options.split));
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openTrained(options.model, options.checkpoint));
  return cached ? evaluateCache(options, model, split, job)
                : evaluateSamples(options, model, split, job);
}

CommandResult segc::runEvaluate(const EvaluateOptions &options) {
  return runShared(options.ranks, [&](const Job *job) -> CommandResult {
    EvaluateOptions ofRank = options;
    SEGC_ASSIGN_OR_RETURN(ofRank.model, placeOfRank(options.model, job));
    return evaluate(ofRank, job);
  });
}
