//===- EvaluateCommand.cpp - segrun evaluate ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Signals.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Evaluate.h"
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

CommandResult segc::runEvaluate(const EvaluateOptions &options) {
  SEGC_ASSIGN_OR_RETURN(Split split, parseSplit(options.split));
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openTrained(options.model, options.checkpoint));
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
