//===- PredictInWindows.h - Prediction by a model of patches ---*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_PREDICTINWINDOWS_H
#define SEGC_LIB_RUNTIME_COMMANDS_PREDICTINWINDOWS_H

#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/WindowPlan.h"

namespace segc {

/// Predicts the cases of a data set that was opened for a plan.
StatusOr<std::vector<FailedCase>>
predictInWindows(const PredictOptions &options, LoadedModel &model,
                 const Dataset &dataset, Split split, int64_t count,
                 const PredictionFolders &folders,
                 const std::vector<PostprocessStep> &steps, StageTimes *times,
                 CaseQueue *queue = nullptr);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_PREDICTINWINDOWS_H
