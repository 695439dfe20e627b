//===- Job.cpp - The job that this process is a rank of -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Job.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <random>

namespace fs = std::filesystem;
using namespace segc;

/// Of Slurm's "2(x3)", the same number on three hosts, the first one.
static std::optional<int64_t> numberOf(const char *variable) {
  const char *text = std::getenv(variable);
  int64_t number = 0;
  if (!text || !*text)
    return std::nullopt;
  const char *end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  const bool isWhole = stopped == end || *stopped == '(';
  return error == std::errc() && isWhole ? std::optional(number) : std::nullopt;
}

/// The values of the variables that are set.
static std::string textOf(const std::vector<const char *> &variables) {
  std::string text;
  for (const char *variable : variables)
    if (const char *value = std::getenv(variable))
      text += (text.empty() ? "" : ".") + std::string(value);
  return text;
}

std::optional<Job> segc::jobOfEnvironment() {
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
    const std::optional<int64_t> rank = numberOf(launcher.rank),
                                 size = numberOf(launcher.size);
    if (rank && size && *size > 1)
      return Job{launcher.name,
                 *rank,
                 *size,
                 numberOf(launcher.onThisHost).value_or(*size),
                 numberOf(launcher.localRank).value_or(*rank),
                 textOf(launcher.id),
                 launcher.rank == rankVariable ? textOf({folderVariable}) : ""};
  }
  return std::nullopt;
}

/// The plugin of this build (beside the program) or installation; that the
/// error names if there is none.
static std::string findPlugin() {
  std::error_code error;
  const fs::path folder =
      fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path beside = folder / "segc-mpi.so";
  const fs::path installed =
      folder.parent_path() / SEGC_PLUGIN_FOLDER / "segc-mpi.so";
  return fs::exists(beside, error) ? beside.string() : installed.string();
}

StatusOr<std::unique_ptr<Communicator>>
segc::connectRanks(const Job &job, const std::string &plugin,
                   std::chrono::duration<double> deadline) {
  // A name without a slash would be looked for elsewhere.
  std::error_code failure;
  const std::string file =
      plugin.empty() ? findPlugin() : fs::absolute(plugin, failure).string();
  const std::string where = "rank " + std::to_string(job.rank) + " of " +
                            std::to_string(job.size) + " (" + job.launcher +
                            "): ";
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unsupported(
        where + "cannot open the plugin that connects the ranks: " + dlerror() +
        "; build segc where the development files of the cluster's MPI are "
        "(SEGC_MPI=ON), or name its segc-mpi.so by --messages");
  auto open = reinterpret_cast<segc_messages_open_fn>(
      dlsym(library, SEGC_MESSAGES_OPEN));
  if (!open)
    return invalidArgument(where + file + ": no function " +
                           SEGC_MESSAGES_OPEN +
                           ": expected a plugin of segc (segc/messages.h)");
  segc_messages messages = {};
  segc_message error = {};
  if (open(SEGC_MESSAGES_VERSION, &messages, &error) != SEGC_OK) {
    error.text[sizeof(error.text) - 1] = 0;
    return unsupported(where + file + ": " + error.text);
  }
  // A library that the launcher does not know starts a job of its own: every
  // process would train alone, into the same folder.
  if (messages.size != job.size || messages.rank != job.rank)
    return unsupported(where + messages.library + " of " + file +
                       " sees rank " + std::to_string(messages.rank) + " of " +
                       std::to_string(messages.size) +
                       ": the launcher belongs to another MPI; start segrun by "
                       "the mpirun of " +
                       messages.library + ", or by srun with its --mpi type");
  return std::make_unique<Communicator>(messages, deadline);
}

StatusOr<std::string> segc::nameOfJob(const Job &job) {
  if (!job.id.empty())
    return job.id;
  constexpr double seconds = 600;
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Communicator> ranks,
      connectRanks(job, "", std::chrono::duration<double>(seconds)));
  std::random_device random;
  SEGC_ASSIGN_OR_RETURN(std::string name,
                        ranks->broadcast(std::to_string(random()) + "." +
                                         std::to_string(random())));
  SEGC_RETURN_IF_ERROR(ranks->close());
  return name;
}
