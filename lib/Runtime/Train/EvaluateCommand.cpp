//===- EvaluateCommand.cpp - segrun evaluate ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Train/Commands.h"
#include "segc/Runtime/Train/Evaluate.h"
#include "segc/Runtime/Train/Predict.h"
#include "segc/Runtime/Train/Report.h"
#include "segc/Runtime/Train/Session.h"
#include "segc/Runtime/Train/Signals.h"

#include <cstdio>

using namespace segc;

CommandResult segc::runEvaluate(const EvaluateOptions &options) {
  SEGC_ASSIGN_OR_RETURN(Split split, parseSplit(options.split));
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openTrained(options.model, options.checkpoint));
  ModelRunner &runner = model.runner;
  const Manifest &manifest = runner.manifest();
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openData(options.data, manifest));
  catchStopSignals();
  int64_t batch = batchSizeOf(options.model, manifest);
  SEGC_ASSIGN_OR_RETURN(Evaluation evaluation,
                        evaluateSplit(runner, *dataset, split, batch));
  printNotes(*dataset);
  std::printf("%s\n", jsonText(evaluation.toRecord(), 2).c_str());
  if (options.results.empty())
    return Status::success();
  SEGC_RETURN_IF_ERROR(createDirectories(options.results));
  SEGC_RETURN_IF_ERROR(writeMetrics(options.results, evaluation, 0));
  SEGC_RETURN_IF_ERROR(
      predictExamples(runner, *dataset, split, batch, options.results));
  return writeReport(options.results, manifest.network + " evaluation");
}
