//===- Metrics.h - Dice scores and percentiles ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_METRICS_H
#define SEGC_RUNTIME_METRICS_METRICS_H

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

/// Which classes occur in a label.
std::vector<bool> classesIn(const int32_t *labels, int64_t voxels,
                            int64_t classes);

/// The class with the largest value in each row of `classes` values; the first
/// of equals.
void argmaxRows(const float *values, int64_t rows, int64_t classes,
                int32_t *result);

/// The value below which `fraction` of the samples lie: linear between the
/// order statistics, as numpy.percentile.
double percentile(std::vector<double> samples, double fraction);

double mean(const std::vector<double> &values);

/// The same over what is a number; NaN if nothing is.
double meanOfPresent(const std::vector<double> &values);

/// What one evaluation found.
struct Evaluation {
  struct Case {
    std::string name;
    std::vector<double> dice; ///< by class
    /// Which classes its label has; all if empty.
    std::vector<bool> present = {};
  };
  struct Value {
    std::string name;
    std::vector<double> mean; ///< over samples; one number for a scalar
  };

  std::vector<std::string> classNames;
  std::vector<Case> cases;
  std::vector<Value> values; ///< the outputs of evaluate_step, "loss" first

  /// Whether any case's label has the class: what no case has cannot be
  /// measured. Its Dice is NaN (null and "absent" in files) and left out of
  /// means.
  bool isPresent(size_t classIndex) const;
  /// Names of the classes that no label has.
  std::vector<std::string> absentClasses() const;
  std::vector<double> diceByClass() const;
  double meanDice() const;
  /// Over all but the class called background (class 0 if none is); what
  /// "best" means. NaN if no foreground class is present.
  double meanForegroundDice() const;
  const Value *find(const std::string &name) const;
  /// Whether a value is the objective's Dice of each class.
  bool isDiceByClass(const Value &value) const;
  /// `values` of one case or of all, NaN for absent classes.
  std::vector<double> withoutAbsent(std::vector<double> values) const;

  OrderedJson toJson() const;
  /// One row a case, then their mean.
  std::string toCsv() const;
  /// The record of train.jsonl: eval_total_loss, eval_dice_score, ...
  OrderedJson toRecord() const;
};

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_METRICS_H
