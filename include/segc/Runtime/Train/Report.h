//===- Report.h - Reports and metrics of runs -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_REPORT_H
#define SEGC_RUNTIME_TRAIN_REPORT_H

#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Train/CrossValidation.h"

#include <string>
#include <vector>

namespace segc {

/// Writes metrics.json and metrics.csv.
Status writeMetrics(const std::string &results, const Evaluation &evaluation,
                    int64_t step);

/// Writes curves.png and report.html from train.jsonl, metrics.json,
/// case-metrics.json, the checkpoints and overlays/*.png of the folder.
/// `labelNames` are those of the values of labels, whose colours the pictures
/// have; `configuration` is that of a run without a log. The page needs no
/// other file.
Status writeReport(const std::string &results, const std::string &title,
                   const std::vector<std::string> &labelNames,
                   const OrderedJson &configuration = {});

/// Writes the report.html of a cross-validation: its table, and what the
/// results folders of the folds and the metrics of the cases have. The page
/// links to the reports of the folds, and needs no other file.
Status writeCrossValidationReport(const std::string &results,
                                  const CrossValidation &table,
                                  const std::vector<std::string> &labelNames);

/// "fold-1".
std::string foldName(int64_t fold);
/// The results folder of a seed of a cross-validation, and of a fold.
std::string seedFolderOf(const std::string &results, int64_t seed);
std::string foldFolderOf(const std::string &results, int64_t seed,
                         int64_t fold);

std::string base64(std::string_view bytes);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_REPORT_H
