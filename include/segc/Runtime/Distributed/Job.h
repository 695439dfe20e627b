//===- Job.h - The job that this process is a rank of -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_JOB_H
#define SEGC_RUNTIME_DISTRIBUTED_JOB_H

#include "segc/Runtime/Distributed/Communicator.h"

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

/// A name that tells this start of the ranks from others: what the launcher
/// says, else what rank 0 draws and sends to the others.
StatusOr<std::string> nameOfJob(const Job &job);

/// Connects the ranks of the job through a plugin (segc/messages.h): the file
/// `plugin`, or if that is empty segc-mpi.so of this build or installation.
/// Once in a process.
StatusOr<std::unique_ptr<Communicator>>
connectRanks(const Job &job, const std::string &plugin,
             std::chrono::duration<double> deadline);

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_JOB_H
