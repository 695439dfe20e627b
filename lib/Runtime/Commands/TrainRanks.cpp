//===- TrainRanks.cpp - Trainings of several ranks ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainRanks.h"
#include "RankProcesses.h"
#include "segc/Base/Signals.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace segc;

StatusOr<std::unique_ptr<Communicator>>
segc::connectTraining(const Job &job, const TrainOptions &options) {
  SEGC_RETURN_IF_ERROR(checkRankCount(job, options.ranks));
  return connectRanks(
      job, options.messages,
      std::chrono::duration<double>(options.timeout.value_or(600)));
}

/// Waits for the launcher. A request to stop goes on to the ranks as SIGUSR1,
/// which it forwards: after SIGTERM it would kill them within seconds.
static CommandResult waitForRanks(pid_t launcher) {
  int ended = 0;
  for (bool asked = false; ::waitpid(launcher, &ended, WNOHANG) == 0;) {
    if (stopSignal() && !asked)
      asked = ::kill(launcher, SIGUSR1) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  // The ranks have said why.
  CommandResult result = Status::success();
  result.exitCode = stopSignal()       ? 128 + stopSignal()
                    : WIFEXITED(ended) ? WEXITSTATUS(ended)
                                       : 128 + WTERMSIG(ended);
  return result;
}

CommandResult segc::startRanks(int64_t ranks) {
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> words, wordsOfRank());
  words.insert(words.begin(), {"mpirun", "-np", std::to_string(ranks)});
  // More ranks than cores are what was asked for, and threads of a rank use
  // more than one core. Open MPI refuses root, who has decided already.
  ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  ::setenv(bindingVariable, "none", 0);
  if (::geteuid() == 0) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  }
  catchStopSignals();
  StatusOr<pid_t> launcher = startProcess(std::move(words));
  if (!launcher.ok())
    return Status(launcher.status().code(),
                  launcher.status().message() +
                      "; install an MPI, such as the package openmpi-bin, or "
                      "start the ranks by the launcher of the cluster");
  return waitForRanks(*launcher);
}

CommandResult segc::endRank(Communicator &ranks, CommandResult result) {
  const bool interrupted = result.status.code() == StatusCode::Interrupted;
  if (interrupted) {
    // Said before the launcher sees the exit code, and ends what still runs.
    if (ranks.isFirst())
      printMessage(result.status.message());
    const int exitCode = result.exitCode;
    result = Status::success();
    result.exitCode = exitCode;
  }
  if (result.status.ok()) {
    Status closed = ranks.close();
    return closed.ok() ? result : CommandResult(closed);
  }
  printMessage(result.status.message());
  ranks.abort(result.exitCode);
  return result;
}
