//===- Report.h - Report and metrics of a run -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_REPORT_H
#define SEGC_RUNTIME_TRAIN_REPORT_H

#include "segc/Runtime/Metrics/Metrics.h"

#include <string>

namespace segc {

/// Writes metrics.json and metrics.csv.
Status writeMetrics(const std::string &results, const Evaluation &evaluation,
                    int64_t step);

/// Writes curves.png and report.html from train.jsonl, metrics.json and
/// overlays/*.png of the folder. The page needs no other file.
Status writeReport(const std::string &results, const std::string &title);

std::string base64(std::string_view bytes);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_REPORT_H
