//===- RankConnection.cpp - The connection of the ranks of a job ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Job.h"

#include <array>
#include <condition_variable>
#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

namespace fs = std::filesystem;
using namespace segc;

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

/// Returns the answer of `open`, which may wait for ever; calls `isLate` after
/// `limit`.
static segc_code openWithin(std::chrono::duration<double> limit,
                            const std::function<segc_code()> &open,
                            const std::function<void()> &isLate) {
  std::mutex mutex;
  std::condition_variable changed;
  bool isOpen = false;
  std::thread watch([&] {
    std::unique_lock<std::mutex> lock(mutex);
    if (!changed.wait_for(lock, limit, [&] { return isOpen; }))
      isLate();
  });
  const segc_code code = open();
  {
    const std::lock_guard<std::mutex> lock(mutex);
    isOpen = true;
  }
  changed.notify_all();
  watch.join();
  return code;
}

static Status lateConnection(const Job &job, const std::string &connection,
                             std::chrono::duration<double> limit) {
  std::string holdUp = ranksThatHoldUp(job);
  if (holdUp.empty())
    holdUp = "another rank has stopped, has ended or was not started: see what "
             "the others printed";
  std::array<char, 40> seconds = {};
  std::snprintf(seconds.data(), seconds.size(), "%g s", limit.count());
  return ioError(connection + " has not connected the ranks for " +
                 seconds.data() + " (--collective-timeout): " + holdUp);
}

StatusOr<std::unique_ptr<Communicator>>
segc::connectRanks(const Job &job, const std::string &plugin,
                   std::chrono::duration<double> deadline,
                   const Abandon &abandon) {
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
  const segc_code opened = openWithin(
      deadline, [&] { return open(SEGC_MESSAGES_VERSION, &messages, &error); },
      [&] { abandon(lateConnection(job, where + file, deadline)); });
  if (opened != SEGC_OK) {
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

StatusOr<std::string> segc::nameOfJob(const Job &job, const Abandon &abandon) {
  if (!job.id.empty())
    return job.id;
  constexpr double seconds = 600;
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<Communicator> ranks,
      connectRanks(job, "", std::chrono::duration<double>(seconds), abandon));
  std::random_device random;
  SEGC_ASSIGN_OR_RETURN(std::string name,
                        ranks->broadcast(std::to_string(random()) + "." +
                                         std::to_string(random())));
  SEGC_RETURN_IF_ERROR(ranks->close());
  return name;
}
