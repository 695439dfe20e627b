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

#include <string>
#include <vector>

namespace segc {

/// A case that could not be predicted, and why.
struct FailedCase {
  std::string name;
  Status status;
};

/// Predicts the first `count` cases of a split, `batch` at a time, and writes
/// their masks. A bad case is reported in the answer and left out; what would
/// stop every case is an error.
StatusOr<std::vector<FailedCase>>
predictSplit(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t count, int64_t batch, const PredictionFolders &folders,
             bool greyMasks = false);

/// Examples of a results folder: predictions/ and overlays/ of a few held-out
/// cases.
Status predictExamples(ModelRunner &runner, const Dataset &dataset, Split split,
                       int64_t batch, const std::string &results);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICT_H
