//===- MeasureSplit.cpp - Metrics of predicted cases on their grids -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/Predict.h"

using namespace segc;

StatusOr<CaseMetrics> segc::measureLabels(const CaseFiles &files,
                                          const SourceCase &source,
                                          const std::vector<uint8_t> &labels,
                                          double tolerance, ThreadPool &pool,
                                          const LabelClasses &classes) {
  if (source.label.empty())
    return dataLoss("has no label that can be read; expected one of " +
                    files.label);
  const VolumeGeometry &grid = source.geometry();
  CaseMetrics metrics =
      measureCase({labels.begin(), labels.end()},
                  {source.label.begin(), source.label.end()},
                  {grid.size, grid.spacing}, classes, tolerance, pool);
  metrics.name = files.name;
  metrics.labelFile = files.label;
  return metrics;
}

StatusOr<std::vector<CaseMetrics>>
segc::measureSplit(ModelRunner &runner, const Dataset &dataset, Split split,
                   int64_t batch, double tolerance, ThreadPool &pool,
                   const std::string &overlays) {
  std::vector<CaseMetrics> cases;
  const SegmentationWriter pictures(dataset, {"", overlays});
  const Preprocessor &preprocessor = dataset.preprocessor();
  SEGC_ASSIGN_OR_RETURN(
      std::vector<FailedCase> failures,
      predictCases(runner, dataset, split, dataset.count(split), batch,
                   [&](int64_t index, const SourceCase &source,
                       const float *probabilities) -> Status {
                     const CaseFiles &files = dataset.files(split, index);
                     const VolumeGeometry &grid = source.geometry();
                     const std::vector<uint8_t> labels =
                         preprocessor.labelsOnGrid(probabilities, grid);
                     SEGC_ASSIGN_OR_RETURN(
                         CaseMetrics metrics,
                         measureLabels(files, source, labels, tolerance, pool));
                     cases.push_back(std::move(metrics));
                     pictures.writeOverlay(files, source, labels,
                                           preprocessor.frameOrder(grid));
                     return Status::success();
                   }));
  if (!failures.empty())
    return failures[0].status.withContext("case " + failures[0].name);
  return cases;
}
