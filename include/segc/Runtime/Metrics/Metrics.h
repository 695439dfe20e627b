//===- Metrics.h - Dice scores and percentiles ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_METRICS_H
#define SEGC_RUNTIME_METRICS_METRICS_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Metrics/LabelClasses.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Voxels of one class in a prediction, in a label and in both.
struct ClassCounts {
  int64_t predicted = 0, expected = 0, both = 0;
};

/// Counts the voxels of each class of a case. Voxels whose label is outside
/// [0, classes) do not count.
std::vector<ClassCounts> countClasses(const int32_t *predicted,
                                      const int32_t *expected, int64_t voxels,
                                      int64_t classes);

/// Counts the voxels of each region of a case, by the probabilities
/// [region][voxel] of the regions: a voxel is predicted to be in a region where
/// its probability is above 0.5. Voxels that `classes` ignores do not count.
std::vector<ClassCounts> countRegions(const float *probabilities,
                                      const int32_t *expected, int64_t voxels,
                                      const LabelClasses &classes);

/// Returns the Dice score 2TP/(2TP+FP+FN) of each class of a case. A class that
/// the label does not contain scores 1 if the prediction does not contain it
/// either, else 0.
std::vector<double> hardDice(const std::vector<ClassCounts> &counts);

/// Returns for each class whether the label contains it.
std::vector<bool> classesIn(const int32_t *labels, int64_t voxels,
                            int64_t classes);

/// Writes the class with the largest value of each row of `classes` values; the
/// first of equals.
void argmaxRows(const float *values, int64_t rows, int64_t classes,
                int32_t *result);

/// Returns the percentile of the samples at `fraction`, interpolated linearly
/// as in numpy.percentile.
double percentile(std::vector<double> samples, double fraction);

double mean(const std::vector<double> &values);

/// Returns the mean of the values that are not NaN; NaN if all are.
double meanOfPresent(const std::vector<double> &values);

/// The results of an evaluation.
struct Evaluation {
  struct Case {
    std::string name;
    std::vector<double> dice; ///< by class
    /// Whether the label has each class; all if empty.
    std::vector<bool> present = {};
    std::vector<ClassCounts> counts = {}; ///< by class
  };
  struct Value {
    std::string name;
    std::vector<double> mean; ///< over samples; one number for a scalar
  };

  std::vector<std::string> classNames;
  /// Classes are regions: none of them is the background.
  bool ofRegions = false;
  std::vector<Case> cases;
  std::vector<Value> values; ///< the outputs of evaluate_step, "loss" first

  /// Returns whether the label of any case has the class. The Dice of a class
  /// that no label has is NaN (null and "absent" in files) and not part of
  /// means.
  bool isPresent(size_t classIndex) const;
  /// Returns the names of the classes that no label has.
  std::vector<std::string> absentClasses() const;
  std::vector<double> diceByClass() const;
  double meanDice() const;
  /// Returns the mean over all classes but the one called background (class 0
  /// if there is none), or over all regions. The best checkpoint is chosen by
  /// it. It is NaN if no foreground class is present.
  double meanForegroundDice() const;
  /// Returns the same of each case.
  std::vector<double> foregroundDiceByCase() const;
  /// Returns the pseudo Dice of nnU-Net v2: the mean over the foreground
  /// classes of the Dice of all cases' voxels together. It is NaN if no label
  /// and no prediction has a foreground class.
  double pooledForegroundDice() const;
  const Value *find(const std::string &name) const;
  /// Returns whether a value is the Dice of each class by the objective.
  bool isDiceByClass(const Value &value) const;
  /// Returns `values` of the classes with NaN for absent classes.
  std::vector<double> withoutAbsent(std::vector<double> values) const;

  OrderedJson toJson() const;
  /// Returns one row for each case and a row of means.
  std::string toCsv() const;
  /// A table to read: the hard Dice of each class, mean and standard deviation
  /// over the cases.
  std::string toText() const;
  /// Returns the record of train.jsonl: eval_total_loss, eval_dice_score, ...
  OrderedJson toRecord() const;
};

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_METRICS_H
