//===- Dealing.h - Work that ranks take from one list -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_DEALING_H
#define SEGC_RUNTIME_DISTRIBUTED_DEALING_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Distributed/NamedTexts.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace segc {

class LockedFile;

/// Deals numbered units of work to the ranks of a job, through a folder that
/// all of them see: whoever is free takes the next unit. Ranks send no
/// messages, so that nobody waits for a slow one but at the very end, and what
/// a rank has not finished when it ends, however it does, another one takes.
///
/// The folder has a file `state`, with a byte for each unit, and a record of
/// each finished unit. Who works on a unit holds a lock on its byte, which the
/// system releases when the process ends. For several threads.
class Dealing {
public:
  struct Rank {
    std::string job; ///< Tells this job from others that used the folder.
    int64_t number = 0, size = 1;
    bool keepsFolder = false; ///< Also behind the job.
    /// Called when the last rank leaves a job that is not finished: undoes what
    /// the units have done. All of them are open again then.
    std::function<void()> undo = {};
    /// What all ranks must have alike.
    NamedTexts settings = {};
  };
  struct Unit {
    int64_t index;
    int64_t attempts; ///< Of ranks that ended without a result.
  };
  /// What the ranks of a job left.
  struct Outcome {
    bool isFinished = false;
    int exitCode = 0;
    std::vector<std::string> open; ///< Names of units without a result.
  };

  /// Joins a job in `folder`, which is made. The first rank to come calls
  /// `begin` while others wait. What the ranks of another job left is removed;
  /// while they run it is an error, as are other `names` of units or settings
  /// than those of the first rank.
  static StatusOr<std::unique_ptr<Dealing>>
  join(const std::string &folder, const Rank &rank,
       const std::vector<std::string> &names,
       const std::function<Status()> &begin = {});
  /// Gives back the units that are not finished. The last rank to leave removes
  /// the folder, unless it is kept, or a rank has yet to come that has to see
  /// that the job is finished.
  ~Dealing();

  /// Takes a unit; those that a rank has failed to finish come last. There is
  /// none if all are finished, after a signal to stop, or, unless `wait` is
  /// set, if this rank has its share of those that nobody has taken yet. With
  /// `wait` the others may still give one back.
  StatusOr<std::optional<Unit>> next(bool wait);
  /// Ends next(), also where it waits.
  void stop() { isStopped = true; }
  Status finish(int64_t unit, const std::string &record);
  int64_t finished();
  /// Calls `function` while no other rank does, nor takes or finishes a unit.
  Status exclusively(const std::function<Status()> &function);

  /// Waits until the job is finished (false), or all units are and this rank
  /// is the one to finish it (true): see close().
  StatusOr<bool> waitForEnd();
  /// The records of all units.
  StatusOr<std::vector<std::string>> records() const;
  /// Finishes the job, with the exit code of all ranks.
  Status close(int exitCode);
  /// Gives back all units, and waits until the job is finished or no other rank
  /// is left. Returns the exit code of a finished job.
  std::optional<int> withdraw();
  std::optional<int> exitCode();

  static StatusOr<Outcome> outcomeIn(const std::string &folder);

private:
  Dealing(std::string folder, Rank rank, std::unique_ptr<LockedFile> file,
          size_t units);
  Status begin(const std::string &names, const std::function<Status()> &first);
  Status checkSettings() const;
  StatusOr<std::optional<Unit>> take(bool wait, bool &allFinished);
  void giveBack();
  Status leave();
  Status abandon();
  bool isPartOf(const std::string &state) const;

  std::string folder;
  Rank rank;
  size_t units;
  std::atomic<bool> isStopped{false};
  std::mutex mutex; // Guards what follows, and the locks of this process.
  std::unique_ptr<LockedFile> file;
  std::set<int64_t> held;
  bool isPresent = false;
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_DEALING_H
