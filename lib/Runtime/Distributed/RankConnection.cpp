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

/// Calls a function of a library, which may wait for ever; calls `isLate` after
/// `limit`.
static void callWithin(std::chrono::duration<double> limit,
                       const std::function<void()> &function,
                       const std::function<void()> &isLate) {
  std::mutex mutex;
  std::condition_variable changed;
  bool hasReturned = false;
  std::thread watch([&] {
    std::unique_lock<std::mutex> lock(mutex);
    if (!changed.wait_for(lock, limit, [&] { return hasReturned; }))
      isLate();
  });
  function();
  {
    const std::lock_guard<std::mutex> lock(mutex);
    hasReturned = true;
  }
  changed.notify_all();
  watch.join();
}

/// "rank 1 of 2 (mpirun): "
static std::string messageStart(const Job &job) {
  return "rank " + std::to_string(job.rank) + " of " +
         std::to_string(job.size) + " (" + job.launcher + "): ";
}

/// `what` has not happened within the limit.
static Status lateLibrary(const Job &job, const std::string &what,
                          std::chrono::duration<double> limit) {
  std::string holdUp = ranksThatHoldUp(job);
  if (holdUp.empty())
    holdUp = "another rank has stopped, has ended or was not started: see what "
             "the others printed";
  std::array<char, 40> seconds = {};
  std::snprintf(seconds.data(), seconds.size(), "%g s", limit.count());
  return ioError(messageStart(job) + what + " for " + seconds.data() +
                 " (--collective-timeout): " + holdUp);
}

StatusOr<std::unique_ptr<Communicator>>
segc::connectRanks(const Job &job, const std::string &plugin,
                   std::chrono::duration<double> deadline,
                   const Abandon &abandon) {
  // A name without a slash would be looked for elsewhere.
  std::error_code failure;
  const std::string file =
      plugin.empty() ? findPlugin() : fs::absolute(plugin, failure).string();
  const std::string where = messageStart(job);
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
  segc_code opened = SEGC_OK;
  callWithin(
      deadline,
      [&] { opened = open(SEGC_MESSAGES_VERSION, &messages, &error); },
      [&] {
        abandon(
            lateLibrary(job, file + " has not connected the ranks", deadline));
      });
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

Status segc::disconnectRanks(const Job &job, Communicator &ranks,
                             const Abandon &abandon) {
  // Who stops until here is named by those who wait for it.
  ranks.setOccasion("end of the job");
  SEGC_RETURN_IF_ERROR(ranks.checkSame({}));
  Status closed;
  callWithin(
      ranks.timeLimit(), [&] { closed = ranks.close(); },
      [&] {
        abandon(lateLibrary(job,
                            "the library of the messages has not ended the "
                            "connection of the ranks",
                            ranks.timeLimit()));
      });
  return closed;
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
  SEGC_RETURN_IF_ERROR(disconnectRanks(job, *ranks, abandon));
  return name;
}
