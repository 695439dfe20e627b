//===- Predict.h - Prediction of the masks of a split -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PREDICT_H
#define SEGC_RUNTIME_INFERENCE_PREDICT_H

#include "segc/Runtime/Data/SegmentationWriter.h"
#include "segc/Runtime/Device/ModelRunner.h"

#include <functional>
#include <string>
#include <vector>

namespace segc {

/// A case that could not be predicted, with the reason.
struct FailedCase {
  std::string name;
  Status status;
};

/// Takes the probabilities of a case: labelShape() + [classes].
using CaseSink =
    std::function<Status(int64_t index, const float *probabilities)>;

/// Predicts the first `count` cases of a split in batches and hands them to
/// `sink`. Returns the cases that failed; a failure that concerns all cases is
/// an error.
StatusOr<std::vector<FailedCase>>
predictCases(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t count, int64_t batch, const CaseSink &sink);

/// Predicts the first `count` cases of a split in batches and writes their
/// masks. Returns the cases that failed; a failure that concerns all cases is
/// an error.
StatusOr<std::vector<FailedCase>>
predictSplit(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t count, int64_t batch, const PredictionFolders &folders,
             bool greyMasks = false,
             SegmentationWriter::Postprocessing postprocessing = {});

/// Predicts a few validation cases into the folders predictions/ and overlays/
/// of a results folder.
Status predictExamples(ModelRunner &runner, const Dataset &dataset, Split split,
                       int64_t batch, const std::string &results);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICT_H
