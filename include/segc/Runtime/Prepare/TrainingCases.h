//===- TrainingCases.h - Cases that plans are made from ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_TRAININGCASES_H
#define SEGC_RUNTIME_PREPARE_TRAININGCASES_H

#include "segc/Plan/Plan.h"
#include "segc/Runtime/Data/CaseReader.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Data/SplitsFile.h"

namespace segc {

/// The labelled cases of a data set, in the order of their names.
struct TrainingCases {
  std::string folder; ///< That of the data set.
  DatasetDescription description;
  std::vector<CaseFiles> cases;
  /// The folds of splits_final.json as places in `cases`; empty: five folds are
  /// drawn as both published programs do.
  std::vector<FoldSplit> folds;
  std::vector<std::string> files; ///< Every file that is read.
  std::vector<std::string> notes; ///< What a user should know.

  /// Class names come from the label files: from 0 to the largest value.
  bool hasUnnamedClasses() const { return description.classNames.empty(); }
};

/// What a dataset.json says of channels and labels; its cases need not be
/// there.
StatusOr<DatasetDescription> readDescription(const std::string &path);

/// Lists a data set of the Decathlon or of nnU-Net (dataset.json), or a folder
/// with images/ and labels/. A case whose files cannot be named has a status.
/// Fails where dataset.json cannot be used or no case is there.
StatusOr<TrainingCases> listTrainingCases(const std::string &folder);

/// A reader of the cases, whose labels are values, ignored ones included.
std::unique_ptr<CaseReader>
makeTrainingReader(const DatasetDescription &description,
                   const ImageLimits &limits, Notes &notes);

/// Reads image and label of a case.
StatusOr<SourceCase> readTrainingCase(const CaseReader &reader,
                                      const CaseFiles &files);

/// The places of folds in sorted names. Fails for a name that is not there, or
/// twice in a fold, and for a fold without training cases.
StatusOr<std::vector<FoldSplit>>
placeFolds(const std::vector<NamedFold> &folds, const std::string &where,
           const std::vector<std::string> &names);

/// Fold `fold` of `count` cases whose names are sorted: one of `folds` where
/// there are some, else drawn as one of `wanted`, by default five. Fails where
/// `wanted` contradicts `folds`, or is more than there are cases.
StatusOr<FoldSplit> foldOf(const std::vector<FoldSplit> &folds, int64_t count,
                           int64_t fold,
                           std::optional<int64_t> wanted = std::nullopt);

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_TRAININGCASES_H
