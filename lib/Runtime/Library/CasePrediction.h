//===- CasePrediction.h - One prediction of the library ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_LIBRARY_CASEPREDICTION_H
#define SEGC_LIB_RUNTIME_LIBRARY_CASEPREDICTION_H

#include "SharedPredictor.h"
#include "segc/Runtime/Data/DataSet.h"

#include <functional>

namespace segc {

/// What a prediction differs in from what the model says, and where it goes.
struct CaseRequest {
  std::optional<bool> flips;
  std::optional<double> overlap;
  std::optional<std::vector<PostprocessStep>> postprocessing;
  std::optional<uint64_t> maxMemory;
  ImageLimits limits;
  std::optional<int64_t> channel;

  std::function<bool()> isCancelled;             ///< Not empty.
  std::function<bool(double share)> goOn;        ///< Not empty; false cancels.
  std::function<void(const std::string &)> warn; ///< Not empty.

  /// Takes the labels in memory, of slices as planes; empty: `folders`.
  std::function<void(const VolumeGeometry &, std::vector<uint8_t>)> takeLabels;
  float *probabilities = nullptr; ///< [classes][voxels] of the caller, or null.
  PredictionFolders folders;      ///< With the mask's file.
  bool saveProbabilities = false;
};

/// Returns how the model's data sets are opened.
DatasetOptions datasetOptions(const SharedPredictor &predictor,
                              const CaseRequest &request);

/// Predicts the test cases of a data set: one volume, or the slices of a file.
Status predictCase(SharedPredictor &predictor, const Dataset &dataset,
                   const CaseRequest &request);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_LIBRARY_CASEPREDICTION_H
