//===- TrainRanks.h - Trainings of several ranks ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_TRAINRANKS_H
#define SEGC_LIB_RUNTIME_COMMANDS_TRAINRANKS_H

#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Distributed/HostCollectives.h"
#include "segc/Runtime/Distributed/Job.h"
#include "segc/Runtime/Distributed/RankWatch.h"
#include "segc/Runtime/Train/DataParallel.h"

namespace segc {

struct Run;

/// Connects the ranks of the job that this process belongs to.
StatusOr<std::unique_ptr<Communicator>>
connectTraining(const Job &job, const TrainOptions &options);

/// What a rank of a job looks at when it is asked to end.
RankWatch::Surroundings surroundingsOf(const Job &job);

/// Compares what shapes the training with the other ranks, if there are any:
/// ranks that were told other things would wait for each other in vain, or
/// train something that nobody asked for.
Status checkRankSettings(const Run &run);

/// What a rank exchanges gradients by.
class TrainingRanks {
public:
  /// Keeps both.
  TrainingRanks(const TrainOptions &options, Communicator &ranks)
      : options(options), ranks(ranks), host(ranks) {}

  int64_t rank() const { return ranks.rank(); }
  int64_t size() const { return ranks.size(); }
  /// Returns the part of this rank, whose gradients lie in the memory of
  /// `device`. GPUs are connected here.
  StatusOr<DataParallel *> join(const std::shared_ptr<Device> &device);

private:
  StatusOr<std::unique_ptr<Collectives>>
  collectivesOf(const std::shared_ptr<Device> &device);
  /// Fails with the name of a rank that does not answer.
  Status callRoll();

  const TrainOptions &options;
  Communicator &ranks;
  HostCollectives host;
  std::unique_ptr<Collectives> ofDevice; ///< Null on the processor.
  std::optional<DataParallel> part;
};

/// Starts this command again as so many processes of this machine, by mpirun,
/// and waits for them. After a failure of theirs it does so again, up to
/// options.maxRestarts times, from the last checkpoint of theirs.
CommandResult startRanks(int64_t ranks, const TrainOptions &options);

/// Trains in this process alone, whatever job it belongs to.
CommandResult trainAlone(const TrainOptions &options);

/// Ends the part of a rank: after an error those of all, which would wait for
/// it.
CommandResult endRank(const Job &job, Communicator &ranks,
                      CommandResult result);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_TRAINRANKS_H
