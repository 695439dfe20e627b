//===- TrainRanks.cpp - Trainings of several ranks ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainRanks.h"
#include "CommandLine.h"
#include "segc/Base/Signals.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace segc;

/// How Open MPI binds ranks to cores.
static constexpr const char *bindingVariable =
    "OMPI_MCA_hwloc_base_binding_policy";

StatusOr<std::unique_ptr<Communicator>>
segc::connectTraining(const Job &job, const TrainOptions &options) {
  if (const int64_t wanted = options.ranks.value_or(job.size);
      wanted != job.size)
    return wrongUsage("--ranks " + std::to_string(wanted) + ": " +
                      job.launcher + " has started " +
                      std::to_string(job.size) + " ranks; leave --ranks out");
  return connectRanks(
      job, options.messages,
      std::chrono::duration<double>(options.timeout.value_or(600)));
}

int64_t segc::threadsOfRank(const Job &job) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (::sched_getaffinity(0, sizeof(mine), &mine) != 0)
    return 0;
  const int64_t cores = CPU_COUNT(&mine);
  const char *binding = std::getenv(bindingVariable);
  const bool isShared = cores == ::sysconf(_SC_NPROCESSORS_ONLN) ||
                        (binding && std::string(binding) == "none");
  return isShared ? std::max<int64_t>(
                        1, cores / std::max<int64_t>(1, job.onThisHost))
                  : 0;
}

/// This program, and the words of its command line without --ranks.
static StatusOr<std::vector<std::string>> wordsWithoutRanks() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::error_code error;
  const std::string program = fs::read_symlink("/proc/self/exe", error);
  if (text.empty() || error)
    return ioError("--ranks: cannot read this command in /proc/self");
  std::vector<std::string> words;
  bool isValue = false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (!isValue && word != "--ranks" && word.rfind("--ranks=", 0) != 0)
      words.push_back(word);
    isValue = !isValue && word == "--ranks";
  }
  words[0] = program;
  return words;
}

/// Starts a program in a process group of its own, without input: what a
/// terminal sends to this one's group would end the ranks at once. It ends with
/// this process.
static StatusOr<pid_t> startLauncher(std::vector<std::string> words) {
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int failure[2];
  if (::pipe2(failure, O_CLOEXEC) != 0)
    return ioError(std::string("--ranks: pipe: ") + std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::execvp(arguments[0], arguments.data());
    const int reason = errno;
    if (::write(failure[1], &reason, sizeof(reason)) < 0)
      ::_exit(126);
    ::_exit(127);
  }
  int reason = child < 0 ? errno : 0;
  ::close(failure[1]);
  const bool failed =
      child < 0 || ::read(failure[0], &reason, sizeof(reason)) > 0;
  ::close(failure[0]);
  if (!failed)
    return child;
  if (child > 0)
    ::waitpid(child, nullptr, 0);
  return notFound(std::string("--ranks: cannot start mpirun: ") +
                  std::strerror(reason) +
                  "; install an MPI, such as the package openmpi-bin, or start "
                  "the ranks by the launcher of the cluster");
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
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> words, wordsWithoutRanks());
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
  SEGC_ASSIGN_OR_RETURN(const pid_t launcher, startLauncher(std::move(words)));
  return waitForRanks(launcher);
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
