//===- EvaluateCases.h - Dice of prepared cases -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_EVALUATECASES_H
#define SEGC_RUNTIME_INFERENCE_EVALUATECASES_H

#include "segc/Runtime/Data/PreparedCase.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Inference/Windows.h"
#include "segc/Runtime/Metrics/ExampleCases.h"
#include "segc/Runtime/Metrics/Metrics.h"

namespace segc {

/// Predicts prepared cases in windows, with the weights that the runner has,
/// and compares them with their labels on the grid of the network, by regions
/// where `data` has them. -1 counts as background; voxels whose label is no
/// class, such as the ignore label, count for nothing. Fails if there is no
/// case, or a probability is not finite.
StatusOr<Evaluation> evaluateCases(ModelRunner &runner,
                                   const PatchSource &cases,
                                   const DatasetDescription &data,
                                   const WindowOptions &windows, int64_t batch);

/// Predicts some of the cases in the same way, and writes their pictures to
/// `folder`. `labelNames` are those of label values.
Status drawCases(ModelRunner &runner, const PatchSource &cases,
                 const std::vector<ExampleCase> &examples,
                 const std::vector<std::string> &labelNames,
                 const WindowOptions &windows, int64_t batch,
                 const std::string &folder);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_EVALUATECASES_H
