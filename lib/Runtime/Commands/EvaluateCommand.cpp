//===- EvaluateCommand.cpp - segrun evaluate ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/EvaluateFolders.h"
#include "segc/Runtime/Inference/Predict.h"
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

/// Takes the folder for results, if there is one, and puts aside what an
/// earlier evaluation left.
static StatusOr<std::optional<ResultsFolder>>
beginResults(const EvaluateOptions &options) {
  std::optional<ResultsFolder> folder;
  if (!options.results.empty()) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
    SEGC_RETURN_IF_ERROR(folder->putAside(evaluationResults()).status());
  }
  return folder;
}

/// What evaluations of label files and of caches end with: the metrics of the
/// cases that could be measured, and the names of the others.
static CommandResult finishTable(const EvaluateOptions &options,
                                 MetricsTable &table,
                                 const std::vector<std::string> &failures,
                                 size_t cases) {
  Status status;
  if (!failures.empty()) {
    std::string names;
    for (const std::string &name : failures)
      names += (names.empty() ? "" : ", ") + name;
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

/// Compares label files with label files.
static CommandResult evaluateFolders(const EvaluateOptions &options) {
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
  std::vector<std::string> failures;
  for (const LabelPair &pair : pairs) {
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while evaluating");
    auto cases = measurePair(pair, limits, table, *pool, notes);
    if (!cases.ok()) {
      printMessage(cases.status().message());
      failures.push_back(pair.name);
      continue;
    }
    std::move(cases->begin(), cases->end(), std::back_inserter(table.cases));
  }
  for (const std::string &note : notes.take())
    printMessage("warning: " + note);
  std::optional<ResultsFolder> folder;
  if (!table.cases.empty()) {
    SEGC_ASSIGN_OR_RETURN(folder, beginResults(options));
  }
  return finishTable(options, table, failures, pairs.size());
}

/// Predicts cases of a cache and compares them on the grids of their files.
static CommandResult evaluateCache(const EvaluateOptions &options,
                                   LoadedModel &model, Split split) {
  SEGC_ASSIGN_OR_RETURN(CacheCases cases,
                        openCacheCases(options.data, model.runner.manifest()));
  if (split == Split::Test)
    return wrongUsage("--split test: a cache has no test cases, expected train "
                      "or validation");
  const std::vector<int64_t> &places =
      split == Split::Train ? cases.split.train : cases.split.validation;
  if (places.empty())
    return invalidArgument(options.data.data + ": the " + options.split +
                           " split has no cases; give --fold, --train-split or "
                           "another --split");
  if (options.onGrid.saveMasks && options.results.empty())
    return wrongUsage("--save-masks needs --results, where the masks go");
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> originals,
                        originalFilesOf(*cases.cache, places, options.onGrid));
  std::optional<ResultsFolder> folder;
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
    SEGC_ASSIGN_OR_RETURN(folder, beginResults(options));
    if (options.onGrid.saveMasks)
      how.masks = masks;
  }
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(MeasuredCases measured,
                        evaluateOnGrid(model, cases, split, how));
  MetricsTable table = tableOf(cases.cache->plan(), options.surfaceTolerance);
  table.cases = std::move(measured.cases);
  std::vector<std::string> failures;
  for (const FailedCase &failure : measured.failures) {
    printMessage(failure.name + ": " + failure.status.message());
    failures.push_back(failure.name);
  }
  return finishTable(options, table, failures, places.size());
}

CommandResult segc::runEvaluate(const EvaluateOptions &options) {
  if (!options.predictions.empty() || !options.labels.empty())
    return evaluateFolders(options);
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
  if (cached)
    return evaluateCache(options, model, split);
  SEGC_RETURN_IF_ERROR(checkWholeClasses(model.runner));
  ModelRunner &runner = model.runner;
  const Manifest &manifest = runner.manifest();
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openData(options.data, manifest, model.frame));
  std::optional<ResultsFolder> folder;
  if (!options.results.empty()) {
    SEGC_RETURN_IF_ERROR(checkPaths(options, *dataset));
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
  }
  Status loaded = dataset->load(split);
  printNotes(*dataset);
  SEGC_RETURN_IF_ERROR(loaded);
  catchStopSignals();
  int64_t batch = batchSizeOf(options.model, manifest);
  SEGC_ASSIGN_OR_RETURN(Evaluation evaluation,
                        evaluateSplit(runner, *dataset, split, batch));
  printNotes(*dataset);
  std::printf("%s\n", jsonText(evaluation.toRecord(), 2).c_str());
  if (!folder)
    return Status::success();
  SEGC_RETURN_IF_ERROR(folder->putAside(evaluationResults()).status());
  SEGC_RETURN_IF_ERROR(writeMetrics(options.results, evaluation, 0));
  SEGC_RETURN_IF_ERROR(
      predictExamples(runner, *dataset, split, batch, options.results));
  return writeReport(options.results, manifest.network + " evaluation");
}
