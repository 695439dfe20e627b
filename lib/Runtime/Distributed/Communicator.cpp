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

/// What is combined at a time: bounds the memory for values of others.
static constexpr uint64_t partBytes = uint64_t{1} << 22;
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

Status Communicator::failure(const std::string &what) const {
  return ioError("rank " + std::to_string(rank()) + " of " +
                 std::to_string(size()) + ", " + occasion + ": " + what);
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
    if (!open)
      break;
    const auto waited = Clock::now() - begin;
    if (waited > deadline) {
      char seconds[40];
      std::snprintf(seconds, sizeof(seconds), "%g", deadline.count());
      return failure("rank " + std::to_string(open->rank) +
                     " has not answered for " + seconds +
                     " s: it has stopped or is much slower; see what it "
                     "printed, or raise --collective-timeout");
    }
    if (pause)
      pause(waited);
    else
      pauseAfter(waited);
  }
  pending.clear();
  return Status::success();
}

/// Each rank combines its slice, from those of all.
Status Communicator::combineSlices(std::byte *values,
                                   const std::vector<ElementRange> &slices,
                                   uint64_t width, const Combine &combine) {
  const auto own = static_cast<uint64_t>(rank());
  const ElementRange mine = slices[own];
  std::byte *place = values + mine.begin * width;
  const uint64_t bytes = mine.size() * width;
  // It does not shrink: memory that grows again is filled with zeros.
  if (received.size() < slices.size() * bytes)
    received.resize(slices.size() * bytes);
  std::vector<const std::byte *> ofRanks(slices.size(), place);
  for (uint64_t other = 0; other < slices.size(); ++other) {
    const ElementRange &slice = slices[other];
    if (other == own)
      continue;
    std::byte *theirs = received.data() + other * bytes;
    ofRanks[other] = theirs;
    SEGC_RETURN_IF_ERROR(receive(static_cast<int64_t>(other), theirs, bytes));
    SEGC_RETURN_IF_ERROR(send(static_cast<int64_t>(other),
                              values + slice.begin * width,
                              slice.size() * width));
  }
  SEGC_RETURN_IF_ERROR(finish());
  combine(ofRanks, place, mine.size());
  return Status::success();
}

/// Each rank sends its slice to all.
Status Communicator::shareSlices(std::byte *values,
                                 const std::vector<ElementRange> &slices,
                                 uint64_t width) {
  const auto own = static_cast<uint64_t>(rank());
  for (uint64_t other = 0; other < slices.size(); ++other) {
    if (other == own)
      continue;
    SEGC_RETURN_IF_ERROR(receive(static_cast<int64_t>(other),
                                 values + slices[other].begin * width,
                                 slices[other].size() * width));
    SEGC_RETURN_IF_ERROR(send(static_cast<int64_t>(other),
                              values + slices[own].begin * width,
                              slices[own].size() * width));
  }
  return finish();
}

Status Communicator::combine(void *values, uint64_t count, uint64_t width,
                             const Combine &combine) {
  if (size() == 1)
    return Status::success();
  const auto ranks = static_cast<uint64_t>(size());
  const uint64_t most = partBytes / width;
  for (uint64_t at = 0; at < count; at += most) {
    auto *part = static_cast<std::byte *>(values) + at * width;
    const uint64_t length = std::min(count - at, most);
    std::vector<ElementRange> slices;
    for (uint64_t rank = 0; rank < ranks; ++rank)
      slices.push_back({rank * length / ranks, (rank + 1) * length / ranks});
    SEGC_RETURN_IF_ERROR(combineSlices(part, slices, width, combine));
    SEGC_RETURN_IF_ERROR(shareSlices(part, slices, width));
  }
  return Status::success();
}

/// Calls `exchange` with pieces of what each rank owns, which together are a
/// part, until all is done.
static Status inPieces(
    const std::vector<ElementRange> &owned, uint64_t width,
    const std::function<Status(const std::vector<ElementRange> &)> &exchange) {
  const uint64_t most = std::max(partBytes / width / owned.size(), uint64_t{1});
  uint64_t longest = 0;
  for (const ElementRange &range : owned)
    longest = std::max(longest, range.size());
  for (uint64_t at = 0; owned.size() > 1 && at < longest; at += most) {
    std::vector<ElementRange> pieces;
    for (const ElementRange &range : owned)
      pieces.push_back({std::min(range.begin + at, range.end),
                        std::min(range.begin + at + most, range.end)});
    SEGC_RETURN_IF_ERROR(exchange(pieces));
  }
  return Status::success();
}

Status Communicator::reduceScatter(void *values,
                                   const std::vector<ElementRange> &owned,
                                   uint64_t width, const Combine &combine) {
  return inPieces(owned, width, [&](const std::vector<ElementRange> &pieces) {
    return combineSlices(static_cast<std::byte *>(values), pieces, width,
                         combine);
  });
}

Status Communicator::allGather(void *values,
                               const std::vector<ElementRange> &owned,
                               uint64_t width) {
  return inPieces(owned, width, [&](const std::vector<ElementRange> &pieces) {
    return shareSlices(static_cast<std::byte *>(values), pieces, width);
  });
}

Status Communicator::gatherToFirst(void *values,
                                   const std::vector<ElementRange> &owned,
                                   uint64_t width) {
  const auto placeOf = [&](const ElementRange &range) {
    return static_cast<std::byte *>(values) + range.begin * width;
  };
  const ElementRange &mine = owned[static_cast<size_t>(rank())];
  if (!isFirst())
    SEGC_RETURN_IF_ERROR(send(0, placeOf(mine), mine.size() * width));
  else
    for (int64_t other = 1; other < size(); ++other) {
      const ElementRange &theirs = owned[static_cast<size_t>(other)];
      SEGC_RETURN_IF_ERROR(
          receive(other, placeOf(theirs), theirs.size() * width));
    }
  return finish();
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
    for (char isDone = 0; !isDone;)
      SEGC_RETURN_IF_ERROR(broadcast(&isDone, 1));
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
