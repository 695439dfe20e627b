//===- IndexRepair.h - dataset.json and splits of a copy --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_INDEXREPAIR_H
#define SEGC_LIB_RUNTIME_CHECK_INDEXREPAIR_H

#include "Faults.h"

namespace segc {

/// What the copy of a data set says about itself.
struct IndexChanges {
  std::set<std::string> training, test; ///< Names of the cases that are kept.
  /// New numbers of the classes; those without one are dropped. Empty: all stay
  /// as they are.
  std::map<int64_t, int64_t> numbers;
};

/// dataset.json with the kept cases, paths relative to its folder, and the new
/// numbers of classes; the text itself where nothing is to change.
std::string changedIndex(const std::string &text, const DecathlonIndex &index,
                         const IndexChanges &changes);

/// splits_final.json with the kept cases; what a fold validates with is taken
/// out of what it trains on.
std::string changedSplits(const std::vector<NamedFold> &folds,
                          const IndexChanges &changes);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_INDEXREPAIR_H
