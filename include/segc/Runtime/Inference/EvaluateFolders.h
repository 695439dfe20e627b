//===- EvaluateFolders.h - Metrics of label files ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_EVALUATEFOLDERS_H
#define SEGC_RUNTIME_INFERENCE_EVALUATEFOLDERS_H

#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"

namespace segc {

/// A prediction and a label with the same name without ending.
struct LabelPair {
  std::string name, prediction, label;
};

/// The values of both in the storage order of the label.
struct PairedLabels {
  std::vector<int32_t> prediction, label;
  LabelGrid grid;
};

/// Pairs the images of two folders; predictions may be arrays of probabilities,
/// too (labelsOfProbabilities). A prediction without a label is noted.
StatusOr<std::vector<LabelPair>> pairLabels(const std::string &predictions,
                                            const std::string &labels,
                                            Notes &notes);

/// Reads a pair of volumes. Another grid is an error.
StatusOr<PairedLabels> readVolumePair(const LabelPair &pair,
                                      const ImageLimits &limits, Notes &notes);

/// Measures a pair on the grid of the label, by the classes and the tolerance
/// of a table, a case for each page of a file of slices. The prediction is
/// brought to the label's storage order; another grid is an error.
StatusOr<std::vector<CaseMetrics>> measurePair(const LabelPair &pair,
                                               const ImageLimits &limits,
                                               const MetricsTable &table,
                                               ThreadPool &pool, Notes &notes);

/// Takes the foreground classes or regions and the ignore label from the
/// dataset.json in the folder of labels or beside it, if there is one.
Status readClassesBeside(const std::string &labels, MetricsTable &table);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_EVALUATEFOLDERS_H
