//===- RankProcesses.cpp - Processes of the ranks of a job ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RankProcesses.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Device/CudaDevice.h"

#include <algorithm>
#include <cerrno>
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
#include <unistd.h>

namespace fs = std::filesystem;
using namespace segc;

Status segc::checkRankCount(const Job &job, std::optional<int64_t> wanted) {
  const int64_t size = wanted.value_or(job.size);
  if (size == job.size)
    return Status::success();
  return wrongUsage("--ranks " + std::to_string(size) + ": " + job.launcher +
                    " has started " + std::to_string(job.size) +
                    " ranks; leave --ranks out");
}

int64_t segc::threadsOfRank(const Job &job) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (::sched_getaffinity(0, sizeof(mine), &mine) != 0)
    return 0;
  const int64_t cores = CPU_COUNT(&mine);
  const char *binding = std::getenv(bindingVariable);
  const bool isShared = !job.folder.empty() ||
                        cores == ::sysconf(_SC_NPROCESSORS_ONLN) ||
                        (binding && std::string(binding) == "none");
  return isShared ? std::max<int64_t>(
                        1, cores / std::max<int64_t>(1, job.onThisHost))
                  : 0;
}

StatusOr<std::string> segc::deviceOfRank(const std::string &asked,
                                         const Job &job) {
  const std::string ranks = std::to_string(job.onThisHost);
  if (asked.rfind("cuda:", 0) == 0 && job.onThisHost > 1)
    return wrongUsage("--device " + asked + ": the " + ranks +
                      " ranks of this machine would share a GPU; give "
                      "--device cuda, which takes one for each");
  if (asked != "cuda")
    return asked;
  SEGC_ASSIGN_OR_RETURN(
      const int gpus,
      cudaDeviceCount("run on the processor with --device cpu"));
  if (gpus == 1)
    return asked;
  // All ranks of the machine say the same.
  if (job.onThisHost > gpus || job.localRank >= gpus)
    return wrongUsage("--device cuda: this machine has " +
                      std::to_string(gpus) + " GPUs for " + ranks +
                      " ranks; start at most one rank for each");
  return asked + ":" + std::to_string(job.localRank);
}

void segc::abandonRank(const Status &failure) {
  printMessage(failure.message());
  ::_exit(CommandResult(failure).exitCode);
}

StatusOr<std::vector<std::string>>
segc::wordsOfRank(const std::vector<std::string> &others) {
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
    const std::string name = word.substr(0, word.find('='));
    const bool isDropped =
        name == "--ranks" ||
        std::find(others.begin(), others.end(), name) != others.end();
    if (!isValue && !isDropped)
      words.push_back(word);
    isValue = !isValue && isDropped && name == word;
  }
  words[0] = program;
  return words;
}

StatusOr<pid_t> segc::startProcess(std::vector<std::string> words,
                                   const std::array<int, 2> &outputs) {
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
    ::dup2(outputs[0], STDOUT_FILENO);
    ::dup2(outputs[1], STDERR_FILENO);
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
  return notFound("--ranks: cannot start " + words[0] + ": " +
                  std::strerror(reason));
}
