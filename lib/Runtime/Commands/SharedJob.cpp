//===- SharedJob.cpp - Commands whose cases several ranks share -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedJob.h"
#include "CommandCases.h"
#include "RankProcesses.h"
#include "segc/Base/Files.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Distributed/Dealing.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/wait.h>
#include <thread>

using namespace segc;
namespace fs = std::filesystem;

namespace {

/// How the processes of ranks have ended.
struct RanksEnd {
  int exitCode = 0; ///< The first that is not 0.
  bool wasKilled = false;
};

/// The processes that share a command on this machine.
class Sharers {
public:
  Sharers(std::vector<std::string> words, int64_t size)
      : words(std::move(words)), size(size) {}

  /// Starts the first `count` ranks and waits for them.
  StatusOr<RanksEnd> run(int64_t count);

private:
  struct Process {
    int64_t rank;
    pid_t id;
  };
  Status start(int64_t rank);
  void note(const Process &process, int ended, RanksEnd &end) const;
  void stopAll() const {
    for (const Process &process : running)
      ::kill(process.id, SIGTERM);
  }

  std::vector<std::string> words;
  int64_t size;
  std::vector<Process> running;
};

} // namespace

Status Sharers::start(int64_t rank) {
  ::setenv(rankVariable, std::to_string(rank).c_str(), 1);
  SEGC_ASSIGN_OR_RETURN(const pid_t process, startProcess(words));
  running.push_back({rank, process});
  return Status::success();
}

void Sharers::note(const Process &process, int ended, RanksEnd &end) const {
  const int signal = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
  if (end.exitCode == 0)
    end.exitCode = signal ? 128 + signal : WEXITSTATUS(ended);
  if (!signal)
    return;
  end.wasKilled = true;
  printMessage("rank " + std::to_string(process.rank) + " of " +
               std::to_string(size) + " was ended by signal " +
               std::to_string(signal) + " (" + ::strsignal(signal) +
               "); what it had not finished is left to the others");
}

StatusOr<RanksEnd> Sharers::run(int64_t count) {
  RanksEnd end;
  for (int64_t rank = 0; rank < count; ++rank)
    if (Status started = start(rank); !started.ok()) {
      stopAll();
      return started;
    }
  for (bool asked = false; !running.empty();) {
    for (size_t i = 0; i < running.size();) {
      int ended = 0;
      if (::waitpid(running[i].id, &ended, WNOHANG) == 0) {
        ++i;
        continue;
      }
      note(running[i], ended, end);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (stopSignal() && !asked) {
      stopAll();
      asked = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return end;
}

/// All that ranks have left in their folder, to see whether they got on.
static std::string progressIn(const std::string &folder) {
  std::string progress;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (auto state = readFile(entry->path().string() + "/state"); state.ok())
      progress += *state;
  return progress;
}

/// What the job is left with when no rank has ended it.
static CommandResult unfinished(const StatusOr<Dealing::Outcome> &outcome,
                                const RanksEnd &end) {
  CommandResult result = Status::success();
  result.exitCode = stopSignal()   ? 128 + stopSignal()
                    : end.exitCode ? end.exitCode
                                   : 1;
  if (stopSignal() || !outcome.ok())
    return result; // The ranks have said why.
  std::string names;
  for (const std::string &name : outcome->open)
    names += (names.empty() ? "" : ", ") + name;
  printMessage("all ranks have ended" +
               (names.empty() ? "" : "; not done: " + names));
  return result;
}

static CommandResult startSharers(int64_t ranks) {
  SEGC_ASSIGN_OR_RETURN(const PrivateTemporaryFolder folder,
                        PrivateTemporaryFolder::create());
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> words, wordsOfRank());
  ::setenv(ranksVariable, std::to_string(ranks).c_str(), 1);
  ::setenv(folderVariable, folder.path().c_str(), 1);
  catchStopSignals();
  Sharers sharers(std::move(words), ranks);
  std::string before;
  for (int64_t count = ranks;; count = 1) {
    SEGC_ASSIGN_OR_RETURN(const RanksEnd end, sharers.run(count));
    const auto outcome = Dealing::outcomeIn(folder.path() + "/" + mainTask);
    if (outcome.ok() && outcome->isFinished) {
      CommandResult result = Status::success();
      result.exitCode = outcome->exitCode;
      return result;
    }
    const std::string now = progressIn(folder.path());
    if (stopSignal() || !end.wasKilled || now == before)
      return unfinished(outcome, end);
    // A case that ends every process must not cost the others.
    printMessage("all ranks have ended; rank 0 starts again");
    before = now;
  }
}

/// The errors of a rank name it; what all have in common is said once, as far
/// as that is sure to be printed.
static CommandResult endPart(const Job &job, CommandResult result) {
  if (result.status.ok())
    return result;
  const bool isFirst = job.rank == 0;
  const StatusCode code = result.status.code();
  const bool isCommon = code == StatusCode::Interrupted ||
                        (code == StatusCode::WrongUsage && !job.folder.empty());
  if (isFirst && isCommon)
    return result;
  CommandResult quiet = Status::success();
  quiet.exitCode = result.exitCode;
  if (!isCommon)
    printMessage("rank " + std::to_string(job.rank) + " of " +
                 std::to_string(job.size) + ": " + result.status.message());
  return quiet;
}

CommandResult
segc::runShared(std::optional<int64_t> ranks,
                const std::function<CommandResult(const Job *job)> &body) {
  std::optional<Job> job = jobOfEnvironment();
  const int64_t wanted = ranks.value_or(1);
  if (!job)
    return wanted > 1 ? startSharers(wanted) : body(nullptr);
  SEGC_RETURN_IF_ERROR(checkRankCount(*job, ranks));
  SEGC_ASSIGN_OR_RETURN(job->id, nameOfJob(*job, abandonRank));
  return endPart(*job, body(&*job));
}

int64_t segc::threadsOf(int64_t wanted, const Job *job) {
  return wanted || !job ? wanted : threadsOfRank(*job);
}

StatusOr<ModelOptions> segc::placeOfRank(ModelOptions options, const Job *job) {
  options.threads = threadsOf(options.threads, job);
  if (job) {
    SEGC_ASSIGN_OR_RETURN(options.device, deviceOfRank(options.device, *job));
  }
  return options;
}
