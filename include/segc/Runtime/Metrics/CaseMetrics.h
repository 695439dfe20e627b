//===- CaseMetrics.h - All metrics of the cases of a data set ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/Metrics.md defines each metric, with its source and its rule for what
// cannot be computed.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_CASEMETRICS_H
#define SEGC_RUNTIME_METRICS_CASEMETRICS_H

#include "segc/Base/Json.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Metrics/LabelClasses.h"
#include "segc/Runtime/Metrics/LabelGrid.h"
#include "segc/Runtime/Metrics/Overlap.h"

#include <map>
#include <optional>
#include <string>

namespace segc {

/// One class of one case.
struct ClassMetrics {
  Overlap overlap;
  std::vector<double> values; ///< By metricNames().
};

/// "dice", "iou", ..., in the order of files.
const std::vector<std::string> &metricNames();

struct CaseMetrics {
  std::string name, predictionFile, labelFile;
  /// Which fold of a cross-validation held it out; several may hold out one.
  std::optional<int64_t> fold;
  int64_t voxels = 0;
  std::map<int32_t, ClassMetrics> classes;
};

/// Measures the classes that either label map has, but background 0.
/// `tolerance` in mm is that of the surface Dice.
CaseMetrics measureCase(const int32_t *predicted, const int32_t *expected,
                        const LabelGrid &grid, double tolerance,
                        ThreadPool &pool);
/// Measures the classes that `classes` makes of the values: regions by their
/// numbers. Voxels that count for nothing are background in both maps.
CaseMetrics measureCase(std::vector<int32_t> predicted,
                        std::vector<int32_t> expected, const LabelGrid &grid,
                        const LabelClasses &classes, double tolerance,
                        ThreadPool &pool);

/// The cases of a data set.
struct MetricsTable {
  double tolerance = 1;
  std::map<int32_t, std::string> classNames; ///< Without background.
  LabelClasses classes;
  std::vector<CaseMetrics> cases;

  /// Gives every case all classes that any of them or `classNames` has.
  void completeClasses();
  /// The mean over the classes or regions of each case; NaN where it has none.
  std::vector<double> foregroundDiceByCase() const;

  OrderedJson toJson() const;
  /// Means by name for the table of a cross-validation: the Dice of each class
  /// and, over all of them, Dice, hd95 and surface Dice.
  OrderedJson toRecord() const;
  /// A row for each case and class, then for each class the mean, the ends of
  /// its interval, the standard deviation and the counts.
  std::string toCsv() const;
  /// The text of nnU-Net v2's summary.json, which has NaN where Python does.
  std::string toSummary() const;
  /// A table to read: the means of the main metrics for each class.
  std::string toText() const;
};

/// Writes case-metrics.csv, case-metrics.json and summary.json into a folder.
Status writeCaseMetrics(const MetricsTable &table, const std::string &folder);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_CASEMETRICS_H
