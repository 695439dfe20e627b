//===- Predict.h - Prediction of the masks of a split -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PREDICT_H
#define SEGC_RUNTIME_INFERENCE_PREDICT_H

#include "segc/Runtime/Data/CaseQueue.h"
#include "segc/Runtime/Data/SegmentationWriter.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Inference/StageTimes.h"
#include "segc/Runtime/Metrics/ExampleCases.h"

#include <functional>
#include <string>
#include <vector>

namespace segc {

/// A case that could not be predicted, with the reason.
struct FailedCase {
  std::string name;
  Status status;
};

/// Is told how many samples of a case were predicted, of how many. An error
/// ends the prediction of the case, with that status.
using PredictionProgress = std::function<Status(int64_t done, int64_t all)>;

/// Takes a case as its files have it and its probabilities: labelShape() +
/// [classes].
using CaseSink = std::function<Status(int64_t index, const SourceCase &source,
                                      const float *probabilities)>;

/// Predicts the first `count` cases of a split in batches and hands them to
/// `sink`, on `sinks` other threads: while a batch is predicted, the next is
/// read and those before are handed over, with one thread in their order.
/// Returns the cases that failed, in their order; a failure that concerns all
/// cases is an error. `times`, if it is not null, is told how long the stages
/// take. With a `queue` it predicts only the cases that it takes there.
StatusOr<std::vector<FailedCase>>
predictCases(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t count, int64_t batch, const CaseSink &sink,
             int64_t sinks = 1, StageTimes *times = nullptr,
             CaseQueue *queue = nullptr);

/// What is written besides masks, and how.
struct SplitPredictionOptions {
  bool greyMasks = false, saveProbabilities = false;
  SegmentationWriter::Postprocessing postprocessing;
  StageTimes *times = nullptr; ///< Is told how long the stages take.
  CaseQueue *queue = nullptr;  ///< Of what is predicted; null: all cases.
};

/// Predicts the first `count` cases of a split in batches and writes their
/// masks. Returns the cases that failed; a failure that concerns all cases is
/// an error.
StatusOr<std::vector<FailedCase>>
predictSplit(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t count, int64_t batch, const PredictionFolders &folders,
             const SplitPredictionOptions &options = {});

/// Predicts some cases into the folders predictions/ and overlays/ of a results
/// folder.
Status predictExamples(ModelRunner &runner, const Dataset &dataset, Split split,
                       int64_t batch, const std::vector<ExampleCase> &examples,
                       const std::string &results);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICT_H
