//===- Job.h - The job that this process is a rank of -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_JOB_H
#define SEGC_RUNTIME_DISTRIBUTED_JOB_H

#include "segc/Runtime/Distributed/Communicator.h"

#include <functional>
#include <memory>
#include <optional>

namespace segc {

/// What a launcher says in the environment of the processes that it starts.
struct Job {
  std::string launcher; ///< "mpirun", "srun"
  int64_t rank = 0, size = 1;
  int64_t onThisHost = 1; ///< Ranks that share this machine's cores.
  int64_t localRank = 0;  ///< Among these.
  /// Tells this start of the ranks from others; empty if the launcher does not
  /// say.
  std::string id;
  /// The folder through which processes of `segrun --ranks` share their work;
  /// empty for those of another launcher.
  std::string folder;
};

/// @name What `segrun --ranks` says to the processes that it starts
/// @{
inline constexpr const char *rankVariable = "SEGRUN_RANK",
                            *ranksVariable = "SEGRUN_RANKS",
                            *folderVariable = "SEGRUN_RANK_FOLDER";
/// @}

/// The job of several ranks that this process was started for, if it was:
/// by mpirun of Open MPI, MPICH or Intel MPI, by srun of Slurm, or by segrun.
std::optional<Job> jobOfEnvironment();

/// Whether all ranks are processes that ranksThatHoldUp() sees.
bool seesAllRanks(const Job &job);

/// Says which ranks are seen to hold the others up, by the processes of this
/// machine: "rank 1 (process 123) is stopped, rank 2 does not run". Empty if
/// none is, or the launcher gives the job no name.
std::string ranksThatHoldUp(const Job &job);

/// Ends this process with an error, at once: another thread waits in a library.
using Abandon = std::function<void(const Status &failure)>;

/// A name that tells this start of the ranks from others: what the launcher
/// says, else what rank 0 draws and sends to the others. `abandon` is that of
/// connectRanks().
StatusOr<std::string> nameOfJob(const Job &job, const Abandon &abandon);

/// Connects the ranks of the job through a plugin (segc/messages.h): the file
/// `plugin`, or if that is empty segc-mpi.so of this build or installation.
/// Once in a process. Libraries wait for all ranks here, however long: after
/// the deadline `abandon` is called, by another thread.
StatusOr<std::unique_ptr<Communicator>>
connectRanks(const Job &job, const std::string &plugin,
             std::chrono::duration<double> deadline, const Abandon &abandon);

/// Waits for all ranks, and ends the connection, with the deadline that it has:
/// `abandon` is that of connectRanks().
Status disconnectRanks(const Job &job, Communicator &ranks,
                       const Abandon &abandon);

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_JOB_H
