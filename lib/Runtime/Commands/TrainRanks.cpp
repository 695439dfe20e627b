//===- TrainRanks.cpp - Trainings of several ranks ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainRanks.h"
#include "OutputRelay.h"
#include "RankProcesses.h"
#include "TrainSetup.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Train/Checkpoint.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using namespace segc;

static constexpr const char *restartsOption = "--max-restarts";
static constexpr int wrongUsageCode = 2;

StatusOr<std::unique_ptr<Communicator>>
segc::connectTraining(const Job &job, const TrainOptions &options) {
  SEGC_RETURN_IF_ERROR(checkRankCount(job, options.ranks));
  return connectRanks(
      job, options.messages,
      std::chrono::duration<double>(options.timeout.value_or(600)),
      abandonRank);
}

RankWatch::Surroundings segc::surroundingsOf(const Job &job) {
  return {[] { return stopSignal() != 0; },
          [job] { return ranksThatHoldUp(job); }, seesAllRanks(job),
          printMessage};
}

Status segc::checkRankSettings(const Run &run) {
  if (!run.ranks || !run.state.settings)
    return Status::success();
  const TrainerConfig &config = run.config;
  OrderedJson shared = run.state.settings->toJson();
  shared.erase("data"); // Its path may differ between machines.
  // The state is that of rank 0 already.
  shared["batch_size"] = batchSizeOf(run.options.model, run.runner.manifest());
  shared["seed"] = run.options.data.seed;
  shared["loss_scale"] = run.state.lossScale.dynamic
                             ? OrderedJson("dynamic")
                             : OrderedJson(run.state.lossScale.scale);
  shared["steps_per_epoch"] = config.stepsPerEpoch;
  shared["evaluate_every"] = config.evaluateEvery;
  shared["save_every"] = config.saveEvery;
  shared["skip_eval"] = config.skipEpochs;
  shared["held_out"] = run.heldOut();
  shared["device"] = static_cast<int64_t>(run.runner.device().kind());
  NamedTexts texts;
  for (const auto &[name, value] : shared.items())
    texts.emplace_back("setting " + name, value.dump());
  return run.ranks->checkSettings(texts);
}

/// Waits for the launcher. A request to stop goes on to the ranks as SIGUSR1,
/// which it forwards: after SIGTERM it would kill them within seconds.
static CommandResult waitForRanks(pid_t launcher, OutputRelay &relay) {
  int ended = 0;
  for (bool asked = false; ::waitpid(launcher, &ended, WNOHANG) == 0;) {
    if (stopSignal() && !asked)
      asked = ::kill(launcher, SIGUSR1) == 0;
    relay.pass(std::chrono::milliseconds(20));
  }
  while (relay.pass(std::chrono::milliseconds(0))) {
  }
  // The ranks have said why.
  CommandResult result = Status::success();
  result.exitCode = stopSignal()       ? 128 + stopSignal()
                    : WIFEXITED(ended) ? WEXITSTATUS(ended)
                                       : 128 + WTERMSIG(ended);
  return result;
}

/// Has the ranks run a command, by mpirun.
static CommandResult launch(int64_t ranks, std::vector<std::string> words) {
  words.insert(words.begin(), {"mpirun", "-np", std::to_string(ranks)});
  OutputRelay relay;
  SEGC_RETURN_IF_ERROR(relay.open());
  const StatusOr<pid_t> launcher =
      startProcess(std::move(words), relay.childEnds());
  relay.closeChildEnds();
  if (!launcher.ok())
    return Status(launcher.status().code(),
                  launcher.status().message() +
                      "; install an MPI, such as the package openmpi-bin, or "
                      "start the ranks by the launcher of the cluster");
  return waitForRanks(*launcher, relay);
}

/// The last checkpoint in the results folder, if it is from `begin` on: an
/// earlier one is another run's.
static std::string checkpointSince(const std::string &results,
                                   std::filesystem::file_time_type begin) {
  const std::string last = findCheckpoint(results + "/checkpoints/last");
  std::error_code error;
  const auto written =
      std::filesystem::last_write_time(last + "/state.json", error);
  return last.empty() || error || written < begin ? "" : last;
}

/// What follows from a failure of the ranks, of which `last` is the last
/// checkpoint.
static StatusOr<std::string> nextAfter(const std::string &last,
                                       const std::string &restart) {
  if (last.empty())
    return restart.empty() ? std::string("they have written no checkpoint")
                           : restart + ", from the beginning";
  SEGC_ASSIGN_OR_RETURN(const TrainState state, readTrainState(last));
  const std::string step = "step " + std::to_string(state.step);
  return restart.empty()
             ? "the last checkpoint is of " + step + ": go on with --resume"
             : restart + ", from the checkpoint of " + step;
}

/// The words of a rank that goes on from a checkpoint.
static StatusOr<std::vector<std::string>> resumingWords() {
  SEGC_ASSIGN_OR_RETURN(
      std::vector<std::string> words,
      wordsOfRank({restartsOption, "--init", "--dump-gradients"}));
  words.emplace_back("--resume");
  return words;
}

CommandResult segc::startRanks(int64_t ranks, const TrainOptions &options) {
  // More ranks than cores are what was asked for, and threads of a rank use
  // more than one core. Open MPI refuses root, who has decided already.
  ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  ::setenv(bindingVariable, "none", 0);
  if (::geteuid() == 0) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  }
  catchStopSignals();
  const auto begin = std::filesystem::file_time_type::clock::now();
  constexpr auto anyTime = std::filesystem::file_time_type::min();
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> words,
                        wordsOfRank({restartsOption}));
  const int64_t maxRestarts = options.maxRestarts.value_or(0);
  for (int64_t restart = 1;; ++restart) {
    CommandResult result = launch(ranks, words);
    const bool failed = result.status.ok() && result.exitCode != 0 &&
                        result.exitCode != wrongUsageCode && !stopSignal();
    if (!failed)
      return result;
    const bool goesOn = restart <= maxRestarts;
    const std::string last =
        checkpointSince(options.results, options.resume ? anyTime : begin);
    SEGC_ASSIGN_OR_RETURN(
        const std::string next,
        nextAfter(last, goesOn ? "restart " + std::to_string(restart) + " of " +
                                     std::to_string(maxRestarts)
                               : ""));
    printMessage("the ranks ended with exit code " +
                 std::to_string(result.exitCode) + ": " + next);
    if (!goesOn)
      return result;
    if (!last.empty() && !options.resume) {
      SEGC_ASSIGN_OR_RETURN(words, resumingWords());
    }
  }
}

CommandResult segc::endRank(const Job &job, Communicator &ranks,
                            CommandResult result) {
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
    const Status closed = disconnectRanks(job, ranks, abandonRank);
    return closed.ok() ? result : CommandResult(closed);
  }
  printMessage(result.status.message());
  ranks.abort(result.exitCode);
  return result;
}
