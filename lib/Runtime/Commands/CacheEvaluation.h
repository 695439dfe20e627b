//===- CacheEvaluation.h - Metrics of the cases of a cache ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_CACHEEVALUATION_H
#define SEGC_LIB_RUNTIME_COMMANDS_CACHEEVALUATION_H

#include "CacheCases.h"
#include "CommandCases.h"
#include "segc/Runtime/Data/SegmentationWriter.h"
#include "segc/Runtime/Inference/Predict.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"

namespace segc {

/// How cases of a cache are measured on the grids of the files that they were
/// prepared from.
struct CacheEvaluation {
  explicit CacheEvaluation(const OriginalGridOptions &options)
      : options(options) {}

  const OriginalGridOptions &options;
  double tolerance = 1; ///< Of the surface Dice, in mm.
  ImageLimits limits;
  int64_t batch = 1;
  /// Folders for the predictions and their pictures; empty for none.
  std::string masks, overlays;
};

/// The folder of a cache's data set: as asked for, else as noted.
std::string dataFolderOf(const PreparedCache &cache,
                         const OriginalGridOptions &options);

/// The files of the cases at `places`, for the checks of outputs. Fails by name
/// for a file that is not there or has another size.
StatusOr<std::vector<std::string>>
originalFilesOf(const PreparedCache &cache, const std::vector<int64_t> &places,
                const OriginalGridOptions &options);

/// The names of classes but the background, by number.
std::map<int32_t, std::string>
foregroundNames(const std::vector<std::string> &classNames);

/// A table of the classes or regions of a data set, without a case.
MetricsTable tableOf(const DatasetDescription &data, double tolerance);

/// The files of the cases of a split as a data set, which is read by the rules
/// of the cache.
std::unique_ptr<Dataset> openOriginals(const CacheCases &cases, Split split,
                                       const CacheEvaluation &how);

/// Reads the files of `work`, the cases of openOriginals(), predicts them as
/// `segrun predict` does, with the weights that the model has, and compares
/// with their labels on the grids of the files. A case whose files are not
/// those of the cache fails alone.
Status evaluateOnGrid(LoadedModel &model, const CacheCases &cases,
                      const Dataset &dataset, Split split,
                      const CacheEvaluation &how, CommandCases &work);

/// What evaluateOnGrid() measured, on all ranks.
std::vector<CaseMetrics> metricsOf(const CommandCases &work);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_CACHEEVALUATION_H
