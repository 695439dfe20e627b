//===- Communicator.h - What the ranks of a job do together -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H
#define SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/Shards.h"
#include "segc/Runtime/Distributed/NamedTexts.h"
#include "segc/Runtime/Distributed/SharedRegions.h"
#include "segc/messages.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// The connection of this process with the other ranks of its job. All ranks
/// call the same functions in the same order. For one thread at a time.
///
/// An error names the rank that was waited for and what for: the others have
/// most likely ended. After one the connection can only be aborted.
class Communicator {
public:
  using Clock = std::chrono::steady_clock;
  /// Makes values of those of all ranks, which come in the order of the ranks,
  /// and writes them to each of `results`, which may be where those of a rank
  /// are.
  using Combine = std::function<void(
      const std::vector<const std::byte *> &ofRanks,
      const std::vector<std::byte *> &results, uint64_t count)>;

  /// A collective that takes longer than `deadline` is an error.
  Communicator(const segc_messages &messages,
               std::chrono::duration<double> deadline)
      : messages(messages), deadline(deadline) {}
  Communicator(const Communicator &) = delete;
  Communicator &operator=(const Communicator &) = delete;

  int64_t rank() const { return messages.rank; }
  int64_t size() const { return messages.size; }
  bool isFirst() const { return rank() == 0; }
  std::chrono::duration<double> timeLimit() const { return deadline; }
  void setTimeLimit(std::chrono::duration<double> limit) { deadline = limit; }

  /// What the ranks do now, for messages: "gradients of step 12".
  void setOccasion(std::string newOccasion) {
    const std::lock_guard<std::mutex> lock(occasionMutex);
    occasion = std::move(newOccasion);
  }

  /// @name What other threads may ask for
  /// @{
  /// "rank 0 of 2, gradients of step 12: " and the text.
  std::string messageOf(const std::string &what) const;
  /// The rank that this one waits for; none while it does something else, or
  /// while rank 0 works and says so.
  std::optional<int64_t> waitsFor() const {
    const int64_t rank = awaited;
    return rank < 0 ? std::nullopt : std::optional(rank);
  }
  /// @}

  /// Sets what a rank does between two looks for a message that it has been
  /// waiting for so long; empty: what leaves the cores to others.
  void setPause(std::function<void(Clock::duration)> newPause) {
    pause = std::move(newPause);
  }

  /// From now on values in `own` do not travel to ranks of this machine that
  /// see it: they are read, and results are written, where they lie. All ranks
  /// call it, with memory that is laid out alike and no longer used after the
  /// last collective, or null.
  Status shareMemory(const SharedBuffer *own);
  /// Whether values do not travel at all.
  bool sharesWithAll(const void *values, uint64_t bytes) const {
    return regions.areComplete() && regions.contains(values, bytes);
  }
  /// The number of other ranks that this one shares memory with.
  int64_t neighbours() const { return regions.count(); }

  /// Sets what is called several times a second while a rank waits for one that
  /// it shares memory with; may be empty.
  void setSign(std::function<void()> newSign) { sign = std::move(newSign); }

  /// Replaces `count` values of `width` bytes each by what `combine` makes of
  /// those of all ranks, the same bits on all. Each rank combines a slice.
  Status combine(void *values, uint64_t count, uint64_t width,
                 const Combine &combine);
  /// The same for the values that this rank owns, of `owned` by rank; others
  /// stay what they are.
  Status reduceScatter(void *values, const std::vector<ElementRange> &owned,
                       uint64_t width, const Combine &combine);
  /// Replaces values of `width` bytes by those of their owners.
  Status allGather(void *values, const std::vector<ElementRange> &owned,
                   uint64_t width);
  /// The same on rank 0 alone.
  Status gatherToFirst(void *values, const std::vector<ElementRange> &owned,
                       uint64_t width);
  /// Replaces bytes by those of rank 0.
  Status broadcast(void *data, uint64_t bytes);
  /// Returns the text of rank 0.
  StatusOr<std::string> broadcast(std::string text);
  /// Returns the texts of all ranks on rank 0, and nothing on others.
  StatusOr<std::vector<std::string>> gather(const std::string &text);
  /// An error on all ranks if a value differs: says its name, the first rank
  /// that differs from rank 0, and both values. All have the same names.
  Status checkSame(const NamedTexts &values);
  /// Does `work` on rank 0, which does not use the connection, while the others
  /// wait: however long, as long as its process runs.
  Status workAsFirst(const std::function<Status()> &work);

  /// Ends the processes of all ranks. Does not return.
  void abort(int exitCode) { messages.abort(messages.context, exitCode); }
  /// Ends the connection, for which the library may wait for all ranks, however
  /// long: see disconnectRanks().
  Status close();

private:
  static constexpr int64_t nobody = -1;

  /// A message under way.
  struct Pending {
    uint64_t request;
    int64_t rank;
    bool done;
  };
  /// Values that a collective is about.
  struct Values {
    std::byte *data;
    uint64_t width;
    bool areShared; ///< With the ranks that share memory with this one.

    std::byte *at(uint64_t index) const { return data + index * width; }
  };

  Status send(int64_t to, const void *data, uint64_t bytes);
  Status receive(int64_t from, void *data, uint64_t bytes);
  /// Waits for all messages under way.
  Status finish();
  Status failure(const std::string &what) const;
  /// A rank has not answered within the deadline.
  Status lateRank(int64_t rank) const;
  /// As rank 0: tells the others whether it is done.
  Status tell(bool isDone);
  Values valuesAt(void *data, uint64_t count, uint64_t width) const;
  /// Where a rank has the values; null if they travel.
  std::byte *placeOf(uint64_t rank, const Values &values) const {
    return values.areShared
               ? regions.find(static_cast<int64_t>(rank), values.data)
               : nullptr;
  }
  /// How many values of `length` are a part: all that need no other memory.
  uint64_t partOf(const Values &values, uint64_t length) const;
  /// Waits for the signal of a rank that shares memory with this one.
  Status waitFor(int64_t rank);
  /// Waits for messages under way, and until each rank that shares the values
  /// has done what comes before.
  Status meet(const Values &values);
  Status combineSlices(const Values &values,
                       const std::vector<ElementRange> &slices, bool isForAll,
                       const Combine &combine);
  Status shareSlices(const Values &values,
                     const std::vector<ElementRange> &slices);
  Status inPieces(
      const Values &values, const std::vector<ElementRange> &owned,
      const std::function<Status(const std::vector<ElementRange> &)> &exchange);

  segc_messages messages;
  std::chrono::duration<double> deadline;
  mutable std::mutex occasionMutex;
  std::string occasion = "start";
  std::atomic<int64_t> awaited{nobody};
  bool firstWorks = false; ///< And gives signs of life.
  std::vector<Pending> pending;
  std::vector<std::byte> received; ///< Of a part, from each rank.
  std::function<void(Clock::duration)> pause;
  std::function<void()> sign;
  SharedRegions regions;
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_COMMUNICATOR_H
