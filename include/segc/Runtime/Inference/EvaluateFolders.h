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

/// Pairs the images of two folders. A prediction without a label is noted.
StatusOr<std::vector<LabelPair>> pairLabels(const std::string &predictions,
                                            const std::string &labels,
                                            Notes &notes);

/// Reads a pair of volumes. Another grid is an error.
StatusOr<PairedLabels> readVolumePair(const LabelPair &pair,
                                      const ImageLimits &limits, Notes &notes);

/// Measures a pair on the grid of the label, a case for each page of a file of
/// slices. The prediction is brought to the label's storage order; another grid
/// is an error.
StatusOr<std::vector<CaseMetrics>> measurePair(const LabelPair &pair,
                                               const ImageLimits &limits,
                                               double tolerance,
                                               ThreadPool &pool, Notes &notes);

/// The names of the foreground classes by the dataset.json in the folder of
/// labels or beside it; empty if there is none.
StatusOr<std::map<int32_t, std::string>>
classNamesBeside(const std::string &labels);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_EVALUATEFOLDERS_H
