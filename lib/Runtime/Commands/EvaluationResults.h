//===- EvaluationResults.h - What evaluations write -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_EVALUATIONRESULTS_H
#define SEGC_LIB_RUNTIME_COMMANDS_EVALUATIONRESULTS_H

#include "CommandCases.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"

namespace segc {

/// The cases of an evaluation as the work of a command.
CommandCases::Work evaluationWork(const EvaluateOptions &options,
                                  std::vector<std::string> names);

/// The report of an evaluation.
struct EvaluationPage {
  std::string title;
  std::vector<std::string> labelNames;
  /// What was compared, and with what.
  std::function<StatusOr<OrderedJson>()> configuration;
  /// Draws the pictures beside the page; empty if they are there already.
  std::function<void()> drawPictures;
};

/// What evaluations of label files and of caches end with: prints and writes
/// the metrics of the cases that could be measured, then the report, where
/// there is a folder for results. The result and the report name the others.
CommandResult finishTable(const EvaluateOptions &options, MetricsTable &table,
                          const std::vector<FailedCase> &failures, size_t cases,
                          const EvaluationPage &page);

/// What a model is evaluated with, for a report.
StatusOr<OrderedJson> configurationOf(const EvaluateOptions &options,
                                      const ModelRunner &runner);

/// SHA-256 of the files in their order, whatever folders they are in: of a line
/// "HASH  NAME" for each, as sha256sum prints them. A file that follows itself,
/// as one of many slices does, counts once; an empty path counts for nothing;
/// an image in several files is all of them (contentsOf).
StatusOr<std::string> filesHash(const std::vector<std::string> &paths);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_EVALUATIONRESULTS_H
