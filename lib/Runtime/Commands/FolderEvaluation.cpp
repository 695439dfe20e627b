//===- FolderEvaluation.cpp - Evaluation of label files -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FolderEvaluation.h"
#include "CaseProgress.h"
#include "EvaluationResults.h"
#include "LabelledImages.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Inference/EvaluateFolders.h"
#include "segc/Runtime/Inference/ProbabilityLabels.h"
#include "segc/Runtime/Metrics/ExampleCases.h"
#include "segc/Runtime/Metrics/MetricsRecord.h"

#include <algorithm>

using namespace segc;

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

namespace {

/// Two folders, and the images that belong to the labels.
struct ComparedFolders {
  const EvaluateOptions &options;
  std::vector<LabelPair> pairs;
  LabelledImages images;

  /// No result may replace what is read.
  Status checkPaths() const;
  /// Writes the results, where any case could be measured.
  CommandResult finish(MetricsTable &table,
                       const std::vector<FailedCase> &failures,
                       const ImageLimits &limits) const;

private:
  std::string overlays() const { return options.results + "/overlays"; }
  /// Draws the best, the median and the worst case, as far as their images are
  /// known.
  void drawExamples(const MetricsTable &table, const ImageLimits &limits) const;
  StatusOr<OrderedJson> configuration() const;
};

} // namespace

Status ComparedFolders::checkPaths() const {
  CommandPaths paths;
  for (const LabelPair &pair : pairs) {
    addInputs(paths, "--predictions", {pair.prediction});
    addInputs(paths, "--labels", {pair.label});
  }
  addInputs(paths, "--labels", images.files());
  paths.folders = {{"--results", options.results}};
  if (!options.results.empty()) {
    paths.places = paths.folders;
    paths.folders.push_back({"--results", overlays()});
  }
  return checkOutputs(paths);
}

void ComparedFolders::drawExamples(const MetricsTable &table,
                                   const ImageLimits &limits) const {
  for (const ExampleCase &example :
       exampleCases(table.foregroundDiceByCase())) {
    // A page of many has a name of its own, and no image.
    const auto pair = std::find_if(
        pairs.begin(), pairs.end(), [&](const LabelPair &candidate) {
          return candidate.name == table.cases[example.index].name;
        });
    if (pair != pairs.end() && !isProbabilityFile(pair->prediction))
      printNotes(
          images.draw(pair->label, pair->prediction, overlays(), limits));
  }
}

StatusOr<OrderedJson> ComparedFolders::configuration() const {
  OrderedJson facts = {{"command", options.commandLine},
                       {"segrun_version", versionText()},
                       {"predictions", options.predictions},
                       {"labels", options.labels},
                       {"surface_tolerance_mm", options.surfaceTolerance}};
  std::vector<std::string> predictions, labels;
  for (const LabelPair &pair : pairs) {
    predictions.push_back(pair.prediction);
    labels.push_back(pair.label);
  }
  SEGC_ASSIGN_OR_RETURN(facts["predictions_sha256"], filesHash(predictions));
  SEGC_ASSIGN_OR_RETURN(facts["labels_sha256"], filesHash(labels));
  return facts;
}

CommandResult ComparedFolders::finish(MetricsTable &table,
                                      const std::vector<FailedCase> &failures,
                                      const ImageLimits &limits) const {
  std::optional<ResultsFolder> folder;
  if (!table.cases.empty() && !options.results.empty()) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
    SEGC_RETURN_IF_ERROR(folder->putAside(evaluationResults()).status());
  }
  return finishTable(options, table, failures, pairs.size(),
                     {"Evaluation of label files", images.labelNames(),
                      [&] { return configuration(); },
                      [&] { drawExamples(table, limits); }});
}

CommandResult segc::evaluateFolders(const EvaluateOptions &options,
                                    const Job *job) {
  SEGC_RETURN_IF_ERROR(checkFolderOptions(options));
  Notes notes;
  ComparedFolders folders{options, {}, {}};
  SEGC_ASSIGN_OR_RETURN(folders.pairs,
                        pairLabels(options.predictions, options.labels, notes));
  if (!options.results.empty())
    folders.images = LabelledImages::beside(options.labels);
  SEGC_RETURN_IF_ERROR(folders.checkPaths());
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
  for (const LabelPair &pair : folders.pairs)
    names.push_back(pair.name);
  SEGC_ASSIGN_OR_RETURN(
      const std::unique_ptr<CommandCases> cases,
      CommandCases::open(job, evaluationWork(options, names), notes));
  const Status measured = cases->forEach([&](int64_t index) -> Status {
    SEGC_ASSIGN_OR_RETURN(const std::vector<CaseMetrics> metrics,
                          measurePair(folders.pairs[static_cast<size_t>(index)],
                                      limits, table, *pool, notes));
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
  return cases->close(folders.finish(table, failures, limits));
}
