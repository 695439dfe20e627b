//===- TrainRanks.cpp - Trainings of several ranks ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainRanks.h"
#include "CommandLine.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace segc;

StatusOr<std::unique_ptr<Communicator>>
segc::connectTraining(const Job &job, const TrainOptions &options) {
  if (const int64_t wanted = options.ranks.value_or(job.size);
      wanted != job.size)
    return wrongUsage("--ranks " + std::to_string(wanted) + ": " +
                      job.launcher + " has started " +
                      std::to_string(job.size) + " ranks; leave --ranks out");
  return connectRanks(job, options.messages,
                      std::chrono::duration<double>(options.timeout));
}

int64_t segc::threadsOfRank(const Job &job) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const int64_t cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (::sched_getaffinity(0, sizeof(mine), &mine) != 0 ||
      CPU_COUNT(&mine) < cores)
    return 0;
  return std::max<int64_t>(1, cores / std::max<int64_t>(1, job.onThisHost));
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

Status segc::startRanks(int64_t ranks) {
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> words, wordsWithoutRanks());
  words.insert(words.begin(), {"mpirun", "-np", std::to_string(ranks)});
  // More ranks than cores are what was asked for, and threads of a rank use
  // more than one core. Open MPI refuses root, who has decided already.
  ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  ::setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
  if (::geteuid() == 0) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  }
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  return notFound(std::string("--ranks: cannot start mpirun: ") +
                  std::strerror(errno) +
                  "; install an MPI, such as the package openmpi-bin, or start "
                  "the ranks by the launcher of the cluster");
}

CommandResult segc::endRank(Communicator &ranks, CommandResult result) {
  const bool ended =
      result.status.ok() || result.status.code() == StatusCode::Interrupted;
  if (ended) {
    Status closed = ranks.close();
    return closed.ok() ? result : CommandResult(closed);
  }
  printMessage(result.status.message());
  ranks.abort(result.exitCode);
  return result;
}
