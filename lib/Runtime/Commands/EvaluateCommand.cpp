//===- EvaluateCommand.cpp - segrun evaluate ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "SharedJob.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/EvaluateFolders.h"
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

static CommandCases::Work workOf(const EvaluateOptions &options,
                                 std::vector<std::string> names) {
  CommandCases::Work work;
  work.folder = options.results + "/.ranks";
  work.names = std::move(names);
  work.files = {{"--model", options.model.model},
                {"--checkpoint", options.checkpoint}};
  return work;
}

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
      CommandCases::open(job, workOf(options, std::move(names)), notes, begin));
  if (job && !results.empty()) {
    SEGC_ASSIGN_OR_RETURN(evaluated.folder, ResultsFolder::share(results));
  }
  return evaluated;
}

/// What evaluations of label files and of caches end with: the metrics of the
/// cases that could be measured, and the names of the others.
static CommandResult finishTable(const EvaluateOptions &options,
                                 MetricsTable &table,
                                 const std::vector<FailedCase> &failures,
                                 size_t cases) {
  Status status;
  if (!failures.empty()) {
    std::string names;
    for (const FailedCase &failure : failures)
      names += (names.empty() ? "" : ", ") + failure.name;
    status = dataLoss(std::to_string(failures.size()) + " of " +
                      std::to_string(cases) + " cases failed: " + names);
  }
  if (table.cases.empty())
    return status;
  table.completeClasses();
  std::printf("%s", table.toText().c_str());
  if (!options.results.empty())
    SEGC_RETURN_IF_ERROR(writeCaseMetrics(table, options.results));
  return status.ok() ? CommandResult(status) : CommandResult::partial(status);
}

static Status checkFolderOptions(const EvaluateOptions &options) {
  if (options.predictions.empty() || options.labels.empty())
    return wrongUsage(
        "--predictions and --labels belong together: give both folders");
  if (!options.idleWithFolders.empty())
    return wrongUsage(options.idleWithFolders +
                      " has no effect with --predictions: no model runs; "
                      "leave it out");
  if (sameFile(options.predictions, options.labels))
    return wrongUsage("--predictions " + options.predictions +
                      " and --labels " + options.labels +
                      ": the same folder, whose files equal themselves; give "
                      "that of the predictions and that of the labels");
  return Status::success();
}

/// Writes the results of folders, where any case could be measured.
static CommandResult finishFolders(const EvaluateOptions &options,
                                   MetricsTable &table,
                                   const std::vector<FailedCase> &failures,
                                   size_t cases) {
  std::optional<ResultsFolder> folder;
  if (!table.cases.empty() && !options.results.empty()) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
    SEGC_RETURN_IF_ERROR(folder->putAside(evaluationResults()).status());
  }
  return finishTable(options, table, failures, cases);
}

/// Compares label files with label files.
static CommandResult evaluateFolders(const EvaluateOptions &options,
                                     const Job *job) {
  SEGC_RETURN_IF_ERROR(checkFolderOptions(options));
  Notes notes;
  SEGC_ASSIGN_OR_RETURN(std::vector<LabelPair> pairs,
                        pairLabels(options.predictions, options.labels, notes));
  CommandPaths paths;
  for (const LabelPair &pair : pairs) {
    addInputs(paths, "--predictions", {pair.prediction});
    addInputs(paths, "--labels", {pair.label});
  }
  paths.folders = {{"--results", options.results}};
  if (!options.results.empty())
    paths.places = paths.folders;
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.model.threads)));
  MetricsTable table;
  table.tolerance = options.surfaceTolerance;
  SEGC_RETURN_IF_ERROR(readClassesBeside(options.labels, table));
  ImageLimits limits;
  limits.maxBytes = static_cast<uint64_t>(options.data.maxImageBytes);
  catchStopSignals();
  std::vector<std::string> names;
  for (const LabelPair &pair : pairs)
    names.push_back(pair.name);
  SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<CommandCases> cases,
                        CommandCases::open(job, workOf(options, names), notes));
  const Status measured = cases->forEach([&](int64_t index) -> Status {
    SEGC_ASSIGN_OR_RETURN(const std::vector<CaseMetrics> metrics,
                          measurePair(pairs[static_cast<size_t>(index)], limits,
                                      table, *pool, notes));
    Json list = Json::array();
    for (const CaseMetrics &entry : metrics)
      list.push_back(toJson(entry));
    cases->setValue(index, std::move(list));
    return Status::success();
  });
  if (std::optional<CommandResult> result = cases->leave(measured))
    return *result;
  for (const CaseRecord &record : cases->records())
    for (const Json &entry : record.value)
      table.cases.push_back(caseMetricsOf(entry));
  const std::vector<FailedCase> failures = cases->failures();
  for (const FailedCase &failure : failures)
    printMessage(failure.status.message());
  cases->printNotes();
  return cases->close(finishFolders(options, table, failures, pairs.size()));
}

/// Predicts cases of a cache and compares them on the grids of their files.
static CommandResult evaluateCache(const EvaluateOptions &options,
                                   LoadedModel &model, Split split,
                                   const Job *job) {
  SEGC_ASSIGN_OR_RETURN(CacheCases cases,
                        openCacheCases(options.data, model.runner.manifest()));
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
    paths.folders = {{"--results", options.results}, {"--results", masks}};
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
  return work.close(finishTable(options, table, failures, places.size()));
}

/// What an evaluation is of, for its report.
static StatusOr<OrderedJson> configurationOf(const EvaluateOptions &options,
                                             const ModelRunner &runner) {
  const Manifest &manifest = runner.manifest();
  SEGC_ASSIGN_OR_RETURN(const std::string model,
                        readFile(runner.library().path()));
  OrderedJson facts = {{"segrun_version", versionText()},
                       {"model", options.model.model},
                       {"model_sha256", sha256(model)},
                       {"network", manifest.network},
                       {"data", options.data.data},
                       {"split", options.split},
                       {"precision", manifest.precision},
                       {"cpu_version", runner.library().version().name},
                       {"device", runner.device().name()},
                       {"threads", runner.workers()}};
  if (options.checkpoint.empty())
    return facts;
  SEGC_ASSIGN_OR_RETURN(const std::string weights,
                        findWeights(options.checkpoint));
  SEGC_ASSIGN_OR_RETURN(const std::string bytes, readFile(weights));
  facts["checkpoint"] = weights;
  facts["checkpoint_sha256"] = sha256(bytes);
  return facts;
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
  SEGC_ASSIGN_OR_RETURN(const OrderedJson configuration,
                        configurationOf(options, runner));
  return writeReport(options.results, manifest.network + " evaluation",
                     configuration);
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
