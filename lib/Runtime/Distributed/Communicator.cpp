//===- Communicator.cpp - What the ranks of a job do together -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"
#include "segc/Base/Exceptions.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

using namespace segc;

/// Rank 0 gives a sign of life after so long, while others wait for its work.
static constexpr std::chrono::duration<double> longestSilence{1};

/// The cores are for the network: who waits longer looks less often.
static void pauseAfter(Communicator::Clock::duration waited) {
  if (waited < std::chrono::milliseconds(1))
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::min<Communicator::Clock::duration>(
        waited / 16, std::chrono::milliseconds(5)));
}

std::string Communicator::messageOf(const std::string &what) const {
  const std::lock_guard<std::mutex> lock(occasionMutex);
  return "rank " + std::to_string(rank()) + " of " + std::to_string(size()) +
         ", " + occasion + ": " + what;
}

Status Communicator::failure(const std::string &what) const {
  return ioError(messageOf(what));
}

Status Communicator::lateRank(int64_t rank) const {
  char seconds[40];
  std::snprintf(seconds, sizeof(seconds), "%g", deadline.count());
  return failure("rank " + std::to_string(rank) + " has not answered for " +
                 seconds +
                 " s: it has stopped or is much slower; see what it "
                 "printed, or raise --collective-timeout");
}

Status Communicator::send(int64_t to, const void *data, uint64_t bytes) {
  uint64_t request = 0;
  if (messages.send(messages.context, static_cast<uint32_t>(to), data, bytes,
                    &request))
    return failure(messages.last_error(messages.context));
  pending.push_back({request, to, false});
  return Status::success();
}

Status Communicator::receive(int64_t from, void *data, uint64_t bytes) {
  uint64_t request = 0;
  if (messages.receive(messages.context, static_cast<uint32_t>(from), data,
                       bytes, &request))
    return failure(messages.last_error(messages.context));
  pending.push_back({request, from, false});
  return Status::success();
}

Status Communicator::finish() {
  const Clock::time_point begin = Clock::now();
  for (;;) {
    const Pending *open = nullptr;
    for (Pending &message : pending) {
      int done = message.done;
      if (!done && messages.test(messages.context, message.request, &done))
        return failure(messages.last_error(messages.context));
      message.done = done != 0;
      if (!message.done && !open)
        open = &message;
    }
    awaited = open && !firstWorks ? open->rank : nobody;
    if (!open)
      break;
    const auto waited = Clock::now() - begin;
    if (waited > deadline)
      return lateRank(open->rank);
    if (pause)
      pause(waited);
    else
      pauseAfter(waited);
  }
  pending.clear();
  return Status::success();
}

Status Communicator::broadcast(void *data, uint64_t bytes) {
  if (!isFirst())
    SEGC_RETURN_IF_ERROR(receive(0, data, bytes));
  else
    for (int64_t other = 1; other < size(); ++other)
      SEGC_RETURN_IF_ERROR(send(other, data, bytes));
  return finish();
}

Status Communicator::tell(bool isDone) {
  char note = isDone ? 1 : 0;
  return broadcast(&note, 1);
}

Status Communicator::workAsFirst(const std::function<Status()> &work) {
  if (!isFirst()) {
    firstWorks = true;
    for (char isDone = 0; !isDone;)
      SEGC_RETURN_IF_ERROR(broadcast(&isDone, 1));
    firstWorks = false;
    return Status::success();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool isDone = false;
  Status told;
  // Several signs within the deadline: one of them may be late.
  const auto interval =
      std::min<std::chrono::duration<double>>(deadline / 4, longestSilence);
  std::thread signs([&] {
    std::unique_lock<std::mutex> lock(mutex);
    while (told.ok() &&
           !changed.wait_for(lock, interval, [&] { return isDone; }))
      told = withoutExceptions([&] { return tell(false); });
  });
  const Status status = withoutExceptions(work);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    isDone = true;
  }
  changed.notify_all();
  signs.join();
  SEGC_RETURN_IF_ERROR(status);
  SEGC_RETURN_IF_ERROR(told);
  return tell(true);
}

Status Communicator::close() {
  return messages.close(messages.context)
             ? failure(messages.last_error(messages.context))
             : Status::success();
}
