//===- DataParallel.h - Training by several ranks ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_DATAPARALLEL_H
#define SEGC_RUNTIME_TRAIN_DATAPARALLEL_H

#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Runtime/Train/Checkpoint.h"

namespace segc {

/// The part of a rank in a training by all ranks of a job. Each computes the
/// gradients of its own samples; train_step gives their mean, the same bits
/// everywhere, to every rank's optimizer, so that the weights stay alike. Rank
/// 0 logs, evaluates and saves.
class DataParallel {
public:
  /// Keeps both. The collectives are those of the runner's programs.
  DataParallel(Communicator &ranks, Collectives &collectives)
      : ranks(ranks), collectives(collectives), reductions(ranks) {}

  int64_t rank() const { return ranks.rank(); }
  int64_t size() const { return ranks.size(); }
  bool isFirst() const { return ranks.isFirst(); }
  /// The number of other ranks whose gradients this one accesses where they
  /// lie.
  int64_t neighbours() const { return ranks.neighbours(); }

  /// How long ranks wait for one that does not answer.
  std::chrono::duration<double> timeLimit() const { return ranks.timeLimit(); }

  /// Compares what all ranks must have alike, shares the memory of gradients
  /// with ranks of this machine, and gives all of them the
  /// weights, optimizer state and state of the run that rank 0 has. From now on
  /// the runner's train_step is one of all ranks.
  Status begin(ModelRunner &runner, const std::string &modelHash,
               TrainState &state);
  /// All ranks must have what shapes a training alike: options, by their names,
  /// and the hash of the data.
  Status checkSettings(const NamedTexts &settings);
  Collectives &ofPrograms() { return collectives; }
  /// Whether each rank has a part of the optimizer's states alone, by a model
  /// that was compiled so.
  bool sharesOptimizer() const { return shards.elements > 0; }
  /// An error on all ranks if one has other weights than rank 0: it has
  /// computed otherwise, and would go on to spoil those of all.
  Status checkWeights(const ModelRunner &runner);
  /// Brings those of all ranks to rank 0, until the next step.
  Status gatherOptimizer(ModelRunner &runner);
  /// Names the part of a step whose collectives and means follow.
  void beginPart(const StepPart &part);
  /// Replaces values by their mean over all ranks.
  Status average(std::vector<float> &values);
  /// Of the collectives of the steps, and of means.
  CollectiveTimes times();
  /// Does `work` on rank 0 while the others wait; see workAsFirst(). `what`
  /// names it in messages.
  Status workAsFirst(const std::string &what,
                     const std::function<Status()> &work);
  /// Gives all ranks the state of the run that rank 0 has.
  Status shareState(TrainState &state);
  void releaseOthers(ModelRunner &runner);
  Status shareBuffer(ModelRunner &runner, const DeviceBuffer &buffer);

private:
  Communicator &ranks;
  Collectives &collectives;
  HostReductions reductions;
  /// Of each state of the optimizer; no elements: each rank has all.
  segc_shards shards = {};
  /// Has the states of all ranks; on a device, its host has them.
  ModelRunner *gathered = nullptr;
  int64_t step = 0;
  double waited = 0; ///< for means, in seconds
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_DATAPARALLEL_H
