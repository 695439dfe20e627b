//===- CacheCases.h - Cases of a cache to train on --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_CACHECASES_H
#define SEGC_LIB_RUNTIME_COMMANDS_CACHECASES_H

#include "segc/Runtime/Augment/PatchCrops.h"
#include "segc/Runtime/Augment/PatchSamples.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Inference/Windows.h"
#include "segc/Runtime/Prepare/PreparedCache.h"
#include "segc/Runtime/Train/BatchSource.h"

namespace segc {

/// What a user says about where patches lie; else the rules say it.
struct PatchPlacement {
  std::optional<double> oversampling;     ///< See PatchOptions.
  std::optional<int64_t> volumesPerBatch; ///< Of planes.
};

/// The cases of a cache by fold, and patches of those that train.
struct CacheCases {
  std::unique_ptr<PreparedCache> cache;
  FoldSplit split; ///< Places in the cache.
  std::unique_ptr<PatchSource> train, validation;
  PatchOptions patches;
  std::unique_ptr<PatchSamples> samples; ///< Of preparePatches().
  std::unique_ptr<PatchCrops> crops;     ///< Of prepareCrops().

  /// How many folds the cases are split into.
  int64_t folds(const DataOptions &options) const;
  const std::vector<int64_t> &placesOf(Split of) const {
    return of == Split::Train ? split.train : split.validation;
  }
  /// Patches of the cases that train, for batches of `batch`. See
  /// chooseAugmentation().
  Status preparePatches(const std::string &augmentation, int64_t batch,
                        const PatchPlacement &placement = {});
  /// The same patches to be made by the entry `augment` of a model.
  Status prepareCrops(const Manifest &manifest);
  /// Crops if there are some, else patches.
  StatusOr<std::unique_ptr<BatchSource>>
  makeSource(const LoaderOptions &options) const;
  /// Windows of an evaluation, by the rules of the plan.
  WindowOptions windows() const;

private:
  std::vector<std::string> trainNames() const;
  /// Names data set, plan and split, for the digest of a run.
  std::string identity() const;
  int64_t channels() const;
};

/// What a model does with the cases of a cache: it trains on their patches, or
/// predicts them in windows, which may have another size.
enum class CacheUse { Patches, Windows };

/// Opens the cache that --data names, and checks that the model takes its
/// cases. Fails for options that caches do not follow.
StatusOr<CacheCases> openCacheCases(const DataOptions &options,
                                    const Manifest &manifest,
                                    CacheUse use = CacheUse::Patches);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_CACHECASES_H
