//===- Job.cpp - The job that this process is a rank of -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Job.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace fs = std::filesystem;
using namespace segc;

/// The value of a variable of a process; null if it is not set.
using Environment = std::function<const char *(const char *name)>;

/// Of Slurm's "2(x3)", the same number on three hosts, the first one.
static std::optional<int64_t> numberOf(const Environment &environment,
                                       const char *variable) {
  const char *text = environment(variable);
  int64_t number = 0;
  if (!text || !*text)
    return std::nullopt;
  const char *end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  const bool isWhole = stopped == end || *stopped == '(';
  return error == std::errc() && isWhole ? std::optional(number) : std::nullopt;
}

/// The values of the variables that are set.
static std::string textOf(const Environment &environment,
                          const std::vector<const char *> &variables) {
  std::string text;
  for (const char *variable : variables)
    if (const char *value = environment(variable))
      text += (text.empty() ? "" : ".") + std::string(value);
  return text;
}

static std::optional<Job> jobIn(const Environment &environment) {
  struct Launcher {
    const char *name, *rank, *size, *onThisHost, *localRank;
    std::vector<const char *> id;
  };
  const Launcher launchers[] = {
      {"segrun",
       rankVariable,
       ranksVariable,
       ranksVariable,
       rankVariable,
       {folderVariable}},
      {"mpirun",
       "OMPI_COMM_WORLD_RANK",
       "OMPI_COMM_WORLD_SIZE",
       "OMPI_COMM_WORLD_LOCAL_SIZE",
       "OMPI_COMM_WORLD_LOCAL_RANK",
       {"PMIX_NAMESPACE"}},
      // MPICH, Intel MPI, and Slurm for them.
      {"mpirun",
       "PMI_RANK",
       "PMI_SIZE",
       "MPI_LOCALNRANKS",
       "MPI_LOCALRANKID",
       {"PMI_JOBID"}},
      {"srun",
       "SLURM_PROCID",
       "SLURM_STEP_NUM_TASKS",
       "SLURM_STEP_TASKS_PER_NODE",
       "SLURM_LOCALID",
       {"SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"}}};
  for (const Launcher &launcher : launchers) {
    const std::optional<int64_t> rank = numberOf(environment, launcher.rank),
                                 size = numberOf(environment, launcher.size);
    if (rank && size && *size > 1)
      return Job{launcher.name,
                 *rank,
                 *size,
                 numberOf(environment, launcher.onThisHost).value_or(*size),
                 numberOf(environment, launcher.localRank).value_or(*rank),
                 textOf(environment, launcher.id),
                 launcher.rank == rankVariable
                     ? textOf(environment, {folderVariable})
                     : ""};
  }
  return std::nullopt;
}

std::optional<Job> segc::jobOfEnvironment() {
  return jobIn([](const char *name) { return std::getenv(name); });
}

//===----------------------------------------------------------------------===//
// Processes of this machine
//===----------------------------------------------------------------------===//

/// What /proc has of a process; empty if it cannot be read.
static std::string readOfProcess(const fs::path &file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The job that a process was started for.
static std::optional<Job> jobOfProcess(const fs::path &folder) {
  const std::string text = readOfProcess(folder / "environ");
  std::map<std::string, std::string> variables;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    const size_t name = entry.find('=');
    if (name != std::string::npos)
      variables[entry.substr(0, name)] = entry.substr(name + 1);
    begin = end + 1;
  }
  return jobIn([&](const char *name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

/// "T" is stopped, by a signal.
static bool isStopped(const fs::path &folder) {
  const std::string text = readOfProcess(folder / "stat");
  const size_t name = text.rfind(')'); // The name may have any characters.
  return name != std::string::npos && text.compare(name, 3, ") T") == 0;
}

bool segc::seesAllRanks(const Job &job) {
  return !job.id.empty() && job.onThisHost == job.size;
}

std::string segc::ranksThatHoldUp(const Job &job) {
  std::string found;
  const auto add = [&](const std::string &text) {
    found += (found.empty() ? "" : ", ") + text;
  };
  std::set<int64_t> running;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end;
       !error && entry != end && !job.id.empty(); entry.increment(error)) {
    const std::string process = entry->path().filename();
    if (process.find_first_not_of("0123456789") != std::string::npos)
      continue;
    const std::optional<Job> other = jobOfProcess(entry->path());
    if (!other || other->id != job.id)
      continue;
    running.insert(other->rank);
    if (isStopped(entry->path()))
      add("rank " + std::to_string(other->rank) + " (process " + process +
          ") is stopped");
  }
  // Of ranks on other machines nothing is seen.
  for (int64_t rank = 0; rank < job.size && seesAllRanks(job); ++rank)
    if (!running.count(rank))
      add("rank " + std::to_string(rank) + " does not run");
  return found;
}
