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
#include "segc/Runtime/Inference/Predictor.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Metrics.h"

namespace segc {

/// Runs evaluate_step, and predict for the hard Dice, on every case of the
/// split. All cases have the same weight in the means; the last batch may be
/// incomplete.
StatusOr<Evaluation> evaluateSplit(ModelRunner &runner, const Dataset &dataset,
                                   Split split, int64_t batch);

/// What a batch adds to an evaluation.
struct EvaluatedBatch {
  std::vector<Evaluation::Case> cases;
  /// The outputs of evaluate_step, which are means over the batch.
  std::vector<std::vector<float>> values;
};

/// The batches of evaluateSplit(), each of which can be evaluated alone.
class BatchEvaluator {
public:
  BatchEvaluator(ModelRunner &runner, const Dataset &dataset, Split split,
                 int64_t batchSize);

  int64_t count() const { return (samples + batchSize - 1) / batchSize; }
  /// The names of its cases.
  std::string nameOf(int64_t batch) const;
  /// Reads the cases and evaluates them.
  StatusOr<EvaluatedBatch> evaluate(int64_t batch);
  /// Evaluates samples of cases that have been read.
  StatusOr<EvaluatedBatch> evaluate(const std::vector<int64_t> &cases,
                                    const float *images, const int32_t *labels);
  /// The evaluation that all batches, in their order, make.
  Evaluation evaluationOf(std::vector<EvaluatedBatch> batches) const;

private:
  std::vector<int64_t> casesOf(int64_t batch) const;
  std::string namesOf(const std::vector<int64_t> &cases) const;

  ModelRunner &runner;
  const Dataset &dataset;
  Split split;
  int64_t batchSize, samples;
  Predictor predictor;
};

/// Measures predicted labels of a case against its label, both on the grid of
/// its image. Fails for a case without a label.
StatusOr<CaseMetrics> measureLabels(const CaseFiles &files,
                                    const SourceCase &source,
                                    const std::vector<uint8_t> &labels,
                                    double tolerance, ThreadPool &pool,
                                    const LabelClasses &classes = {});

/// Predicts every case of the split and measures it against its label, both on
/// the grid of the case. A case that fails is an error. With a folder for
/// `overlays` also writes their pictures.
StatusOr<std::vector<CaseMetrics>>
measureSplit(ModelRunner &runner, const Dataset &dataset, Split split,
             int64_t batch, double tolerance, ThreadPool &pool,
             const std::string &overlays = {});

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_EVALUATE_H
