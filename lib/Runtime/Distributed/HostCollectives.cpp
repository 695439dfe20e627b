//===- HostCollectives.cpp - Collectives beside the network ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/HostCollectives.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/ThreadSlice.h"
#include "segc/Base/ThreadTime.h"

#include <algorithm>

using namespace segc;
using Clock = Communicator::Clock;

/// While somebody waits for a result, its messages are looked for without a
/// rest for so long: a sleep would be as long as the exchange.
static constexpr std::chrono::milliseconds eager{1};
/// Else, and later, they are looked for after a part of what was waited, within
/// these bounds: a thousand looks a second take less than 1 % of a core.
static constexpr int partOfWait = 16;
static constexpr std::chrono::microseconds shortestPause{200},
    longestPause{1000};

HostCollectives::HostCollectives(Communicator &ranks)
    : ranks(ranks), reductions(ranks), thread([this] { run(); }) {}

HostCollectives::~HostCollectives() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  thread.join();
}

void HostCollectives::pauseAfter(Clock::duration waited) {
  std::unique_lock<std::mutex> lock(mutex);
  lastSign = Clock::now();
  if (waiting > 0 && waited < eager) {
    lock.unlock();
    std::this_thread::yield();
    return;
  }
  const Clock::duration pause = std::clamp<Clock::duration>(
      waited / partOfWait, shortestPause, longestPause);
  // Who begins to wait ends the pause.
  const int before = waiting;
  changed.wait_for(lock, pause, [&] { return waiting > before; });
}

Status HostCollectives::perform(const Started &started) {
  ranks.setOccasion(occasionOf(started.part, started.collective));
  ranks.setPause([this](Clock::duration waited) { pauseAfter(waited); });
  ranks.setSign([this] {
    const std::lock_guard<std::mutex> lock(mutex);
    lastSign = Clock::now();
  });
  // Nobody catches what leaves a thread.
  const Status status =
      withoutExceptions([&] { return reductions.run(started.collective); });
  ranks.setPause({});
  ranks.setSign({});
  return status;
}

void HostCollectives::run() {
  // It looks for messages in between, on cores that kernels use: if each look
  // had to wait for the end of a slice, so would the other ranks. Without that
  // everything works, but later.
  (void)requestShortSlices();
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return stopping || !queue.empty(); });
    if (queue.empty())
      return;
    const Started next = queue.front();
    lastSign = Clock::now();
    Status status = failure;
    lock.unlock();
    if (status.ok())
      status = perform(next);
    const double seconds = threadSeconds();
    lock.lock();
    queue.pop_front();
    if (failure.ok())
      failure = status;
    spent.worked = seconds;
    ended[next.ticket] = std::move(status);
    changed.notify_all();
  }
}

StatusOr<uint64_t> HostCollectives::start(const segc_collective &collective) {
  const std::lock_guard<std::mutex> lock(mutex);
  SEGC_RETURN_IF_ERROR(failure);
  const uint64_t ticket = tickets++;
  if (queue.empty())
    lastSign = Clock::now(); // The thread has slept until now.
  queue.push_back({ticket, current, collective});
  changed.notify_all();
  return ticket;
}

Status HostCollectives::wait(uint64_t ticket) {
  const Clock::time_point begin = Clock::now();
  std::unique_lock<std::mutex> lock(mutex);
  ++waiting;
  changed.notify_all();
  const auto limit = 2 * ranks.timeLimit();
  while (!ended.count(ticket) && Clock::now() - lastSign < limit)
    changed.wait_for(lock, std::chrono::milliseconds(100),
                     [&] { return ended.count(ticket) > 0; });
  --waiting;
  spent.waited += std::chrono::duration<double>(Clock::now() - begin).count();
  const auto found = ended.find(ticket);
  if (found == ended.end())
    return ioError("rank " + std::to_string(ranks.rank()) + " of " +
                   std::to_string(ranks.size()) + ", " +
                   occasionOf(queue.front().part, queue.front().collective) +
                   ": the library of the messages does not return from one of "
                   "its functions; see what the other ranks printed");
  Status status = std::move(found->second);
  ended.erase(found);
  return status;
}

Status HostCollectives::enqueue(Stream &, const segc_collective &collective) {
  SEGC_ASSIGN_OR_RETURN(const uint64_t ticket, start(collective));
  return wait(ticket);
}

CollectiveTimes HostCollectives::times() {
  const std::lock_guard<std::mutex> lock(mutex);
  return spent;
}
