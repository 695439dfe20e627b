//===- CrossValidation.h - Results of a cross-validation --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_CROSSVALIDATION_H
#define SEGC_RUNTIME_TRAIN_CROSSVALIDATION_H

#include "segc/Base/Json.h"
#include "segc/Base/Status.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// A training and the evaluation of the cases that it held out.
struct FoldResult {
  int64_t seed = 0, fold = 0;
  int64_t step = 0;   ///< Of the weights that were evaluated.
  double seconds = 0; ///< Spent training.
  /// Numbers of the evaluation by name, in its order; NaN where a class is
  /// absent.
  std::vector<std::pair<std::string, double>> values;

  /// Takes the numbers of Evaluation::toRecord().
  void setValues(const OrderedJson &record);
  double value(const std::string &name) const;
};

/// The table of a cross-validation: as the published tables have them, the
/// numbers of a seed are means over its folds, each fold with the same weight,
/// and those of several seeds are means over the seeds.
struct CrossValidation {
  /// What the folds were trained and evaluated with, by option. A
  /// cross-validation goes on only with the same.
  OrderedJson options = OrderedJson::object();
  std::vector<FoldResult> results;

  const FoldResult *find(int64_t seed, int64_t fold) const;
  /// Seeds in the order of their first results.
  std::vector<int64_t> seeds() const;

  OrderedJson toJson() const;
  static StatusOr<CrossValidation> fromJson(std::string_view text,
                                            const std::string &where);
  /// A row for each fold, then the mean and the standard deviation (n - 1) over
  /// the folds of each seed, and those over the seeds.
  std::string toText() const;
};

/// Returns an error that names the first option in which `now` differs from
/// what the results at `where` were made with.
Status checkSameOptions(const OrderedJson &before, const OrderedJson &now,
                        const std::string &where);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_CROSSVALIDATION_H
