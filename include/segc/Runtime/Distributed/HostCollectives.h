//===- HostCollectives.h - Collectives beside the network -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_HOSTCOLLECTIVES_H
#define SEGC_RUNTIME_DISTRIBUTED_HOSTCOLLECTIVES_H

#include "segc/Runtime/Device/Collectives.h"
#include "segc/Runtime/Distributed/HostReductions.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace segc {

/// Collectives on memory of the host, which a thread of their own does one
/// after another, in the order in which they were started, while the network
/// computes. The thread sleeps while there are none, and looks for messages the
/// more rarely the longer it waits, unless somebody waits for it.
///
/// From start() to wait() the communicator is the thread's alone; while no
/// collective is under way others may use it.
class HostCollectives : public Collectives {
public:
  /// Only `ranks` is kept.
  explicit HostCollectives(Communicator &ranks);
  /// Waits for collectives that are under way.
  ~HostCollectives() override;

  int64_t rank() const override { return ranks.rank(); }
  int64_t size() const override { return ranks.size(); }
  void beginPart(const StepPart &part) override { current = part; }
  StatusOr<uint64_t> start(const segc_collective &collective) override;
  /// Fails as well if the library of the messages does not return from one of
  /// its functions within twice the deadline of the ranks.
  Status wait(uint64_t ticket) override;
  /// Does the collective at once: for devices whose streams do their work when
  /// it is issued.
  Status enqueue(Stream &stream, const segc_collective &collective) override;
  CollectiveTimes times() override;

private:
  struct Started {
    uint64_t ticket;
    StepPart part;
    segc_collective collective;
  };

  /// The work of the thread.
  void run();
  Status perform(const Started &started);
  void pauseAfter(Communicator::Clock::duration waited);

  Communicator &ranks;
  HostReductions reductions;
  StepPart current;

  std::mutex mutex; // Guards what follows.
  std::condition_variable changed;
  std::deque<Started> queue;
  std::map<uint64_t, Status> ended; ///< Until they are waited for.
  uint64_t tickets = 0;             ///< How many were given out.
  Status failure;                   ///< The first one, which ends all.
  int waiting = 0;                  ///< Threads in wait().
  bool stopping = false;
  Communicator::Clock::time_point lastSign; ///< Of the thread.
  CollectiveTimes spent;
  std::thread thread; // The last one: it uses the others.
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_HOSTCOLLECTIVES_H
