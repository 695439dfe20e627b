//===- RankWatch.h - Who is missing when a rank is to end -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_RANKWATCH_H
#define SEGC_RUNTIME_DISTRIBUTED_RANKWATCH_H

#include "segc/Runtime/Distributed/Communicator.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace segc {

/// Says where this rank was when another one was missing. A launcher that sees
/// a rank end asks the others to end, too, and kills them a second later: the
/// step and the bucket are known to them alone, and the deadline of collectives
/// is longer than that. A thread looks several times a second.
class RankWatch {
public:
  struct Surroundings {
    /// Whether this process is asked to end.
    std::function<bool()> isAskedToEnd;
    /// Names the ranks that are seen to hold the others up; empty if none is.
    std::function<std::string()> holdUp;
    /// Whether the latter sees all ranks. Else a rank counts as missing that
    /// does not answer for a part of the second.
    bool seesAll;
    /// Prints a message, by the thread; once at most.
    std::function<void(const std::string &)> print;
  };

  /// Keeps `ranks`.
  RankWatch(const Communicator &ranks, Surroundings around);
  RankWatch(const RankWatch &) = delete;
  RankWatch &operator=(const RankWatch &) = delete;
  ~RankWatch();

private:
  void run();
  /// Returns what there is to say.
  std::string look();

  const Communicator &ranks;
  Surroundings around;
  std::string lastWait; ///< For which rank and where; empty for none.
  Communicator::Clock::time_point since;
  std::mutex mutex; // Guards what follows.
  std::condition_variable changed;
  bool isEnding = false;
  std::thread thread; // The last one: it uses the others.
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_RANKWATCH_H
