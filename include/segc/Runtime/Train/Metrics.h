//===- Metrics.h - Dice, latencies ------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_METRICS_H
#define SEGC_RUNTIME_TRAIN_METRICS_H

#include "segc/Base/Json.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Dice of a case on argmax labels, per class: 2TP/(2TP+FP+FN). A class that
/// the label lacks scores 1 if the prediction lacks it too, else 0. Voxels
/// whose label is outside [0, classes) are left out.
std::vector<double> hardDice(const int32_t *predicted, const int32_t *expected,
                             int64_t voxels, int64_t classes);

/// The class with the largest value in each row of `classes` values; the first
/// of equals.
void argmaxRows(const float *values, int64_t rows, int64_t classes,
                int32_t *result);

/// The value below which `fraction` of the samples lie: linear between the
/// order statistics, as numpy.percentile.
double percentile(std::vector<double> samples, double fraction);

double mean(const std::vector<double> &values);

/// What one evaluation found.
struct Evaluation {
  struct Case {
    std::string name;
    std::vector<double> dice; ///< by class
  };
  struct Value {
    std::string name;
    std::vector<double> mean; ///< over samples; one number for a scalar
  };

  std::vector<std::string> classNames;
  std::vector<Case> cases;
  std::vector<Value> values; ///< the outputs of evaluate_step, "loss" first

  std::vector<double> diceByClass() const;
  double meanDice() const;
  /// Over all but the class called background (class 0 if none is); what
  /// "best" means.
  double meanForegroundDice() const;
  const Value *find(const std::string &name) const;

  OrderedJson toJson() const;
  /// One row a case, then their mean.
  std::string toCsv() const;
  /// The record of train.jsonl: eval_total_loss, eval_dice_score, ...
  OrderedJson toRecord() const;
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_METRICS_H
