//===- Evaluate.h - Evaluation of a model on a split ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_EVALUATE_H
#define SEGC_RUNTIME_INFERENCE_EVALUATE_H

#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Metrics.h"

namespace segc {

/// Runs evaluate_step, and predict for the hard Dice, on every case of the
/// split. All cases have the same weight in the means; the last batch may be
/// incomplete.
StatusOr<Evaluation> evaluateSplit(ModelRunner &runner, const Dataset &dataset,
                                   Split split, int64_t batch);

/// Measures predicted labels of a case against its label, both on the grid of
/// its image. Fails for a case without a label.
StatusOr<CaseMetrics> measureLabels(const CaseFiles &files,
                                    const SourceCase &source,
                                    const std::vector<uint8_t> &labels,
                                    double tolerance, ThreadPool &pool,
                                    const LabelClasses &classes = {});

/// Predicts every case of the split and measures it against its label, both on
/// the grid of the case. A case that fails is an error.
StatusOr<std::vector<CaseMetrics>>
measureSplit(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t batch, double tolerance, ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_EVALUATE_H
