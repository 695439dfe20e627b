//===- TrainSetup.h - Settings of a training run ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_TRAINSETUP_H
#define SEGC_LIB_RUNTIME_COMMANDS_TRAINSETUP_H

#include "CacheCases.h"
#include "segc/Runtime/Commands/Options.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Train/Trainer.h"

namespace segc {

/// Batches of a step: as asked for, else as the run did until `state`.
int64_t accumulateOf(const TrainOptions &options, const TrainState &state);

/// The same before a model is opened, from the checkpoint to go on from.
StatusOr<int64_t> accumulateOf(const TrainOptions &options);

/// The parts of a run that outlive each other in this order.
struct Run {
  const TrainOptions &options;
  ModelRunner &runner;
  std::unique_ptr<Dataset> dataset;
  CacheCases cached;     ///< Instead of a data set, if its cache is there.
  std::string augmentOn; ///< See augmentPlace().
  std::unique_ptr<BatchSource> source;
  TrainState state;
  TrainerConfig config;
  RunPhases phases;
  DataParallel *ranks = nullptr; ///< Null in a training by one process.
  std::string modelHash;         ///< SHA-256 of the .so.

  /// Whether this process writes and says what there is: one of all ranks.
  bool isFirst() const { return !ranks || ranks->isFirst(); }
  RankPart part() const {
    return ranks ? RankPart{ranks->rank(), ranks->size()} : RankPart{};
  }
  int64_t accumulate() const { return accumulateOf(options, state); }
  /// Samples of a step, of all ranks.
  int64_t stepSamples() const {
    return state.batchSize * part().size * accumulate();
  }
  /// The number of cases that validate.
  int64_t heldOut() const {
    return cached.cache ? cached.validation->cases()
           : dataset    ? dataset->count(Split::Validation)
                        : 0;
  }
};

/// What can be seen to be wrong before a model is opened.
Status checkTrainOptions(const TrainOptions &options);

/// Opens the cache or data set.
Status openCases(Run &run);

/// Initial weights, or those of the checkpoint to go on from.
Status prepareState(Run &run);

/// Reads all cases: what is wrong with any is said before the first step.
Status loadCases(Run &run);

/// Makes the source of the batches, from the run's step on.
Status openSource(Run &run);

/// Steps and rates: what the user said, else what startOf says.
Status configure(Run &run);

/// As asked for, else as the run did until now.
bool augments(const Run &run);
/// The augmentation of the patches of a cache, whose rules the crops follow:
/// asked for, that of the run until now, or that of the plan.
std::string patchAugmentation(const Run &run);

/// As asked for, else as the run did until now.
PatchPlacement patchPlacement(const Run &run);

/// Where this run augments patches; see augmentPlace().
StatusOr<std::string> augmentPlaceOf(const Run &run);

/// Holds what is asked for against what the run had until now, and makes it the
/// run's.
Status takeSettings(Run &run);

/// No output of a training may replace what it reads.
Status checkPaths(const Run &run);

/// The scripts of the published examples leave such options in.
/// Evaluations need cases that are held out.
Status checkEvaluation(const Run &run);

void warnOfIdleOptions(const TrainOptions &options);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_TRAINSETUP_H
