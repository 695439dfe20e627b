//===- ThreadMessages.h - Ranks that are threads ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_THREADMESSAGES_H
#define SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_THREADMESSAGES_H

#include "segc/messages.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace segc {

/// Messages between threads of this process that stand for ranks.
class ThreadMessages {
public:
  explicit ThreadMessages(uint32_t size) {
    for (uint32_t rank = 0; rank < size; ++rank)
      ranks.push_back(std::make_unique<Rank>(Rank{this, rank, {}, ""}));
  }

  /// A message to or from a rank of `failing` is an error.
  void failFor(uint32_t rank) { failing = static_cast<int64_t>(rank); }

  /// The bytes of the longest message until now.
  uint64_t longest() const { return longestSent; }

  segc_messages of(uint32_t rank) {
    return {sizeof(segc_messages),
            rank,
            static_cast<uint32_t>(ranks.size()),
            ranks[rank].get(),
            "threads",
            send,
            receive,
            test,
            [](void *self) { return static_cast<Rank *>(self)->error.c_str(); },
            [](void *, int) {},
            [](void *) { return 0; }};
  }

private:
  struct Receive {
    uint32_t from;
    void *data;
    uint64_t bytes;
    bool done;
  };
  struct Rank {
    ThreadMessages *job;
    uint32_t rank;
    std::vector<Receive> receives; ///< By number; sends are done at once.
    std::string error;
  };
  static constexpr uint64_t sent = UINT64_MAX;

  static int send(void *opaque, uint32_t to, const void *data, uint64_t bytes,
                  uint64_t *request) {
    auto *self = static_cast<Rank *>(opaque);
    std::lock_guard<std::mutex> lock(self->job->mutex);
    if (to == self->job->failing) {
      self->error = "rank " + std::to_string(to) + " is not reached";
      return 1;
    }
    self->job->longestSent = std::max(self->job->longestSent, bytes);
    self->job->queues[{self->rank, to}].emplace_back(
        static_cast<const char *>(data), bytes);
    *request = sent;
    return 0;
  }
  static int receive(void *opaque, uint32_t from, void *data, uint64_t bytes,
                     uint64_t *request) {
    auto *self = static_cast<Rank *>(opaque);
    *request = self->receives.size();
    self->receives.push_back({from, data, bytes, false});
    return 0;
  }
  static int test(void *opaque, uint64_t request, int *done) {
    auto *self = static_cast<Rank *>(opaque);
    if (request == sent) {
      *done = 1;
      return 0;
    }
    Receive &wanted = self->receives[request];
    // An earlier one of the same rank takes the first message.
    for (uint64_t i = 0; i < request && !wanted.done; ++i)
      if (!self->receives[i].done && self->receives[i].from == wanted.from) {
        *done = 0;
        return 0;
      }
    std::lock_guard<std::mutex> lock(self->job->mutex);
    auto &queue = self->job->queues[{wanted.from, self->rank}];
    if (!wanted.done && !queue.empty()) {
      if (queue.front().size() != wanted.bytes) {
        self->error = "a message of " + std::to_string(queue.front().size()) +
                      " bytes, expected " + std::to_string(wanted.bytes);
        return 1;
      }
      if (wanted.bytes > 0) // else there may be no memory
        std::memcpy(wanted.data, queue.front().data(), wanted.bytes);
      queue.pop_front();
      wanted.done = true;
    }
    *done = wanted.done;
    return 0;
  }

  std::vector<std::unique_ptr<Rank>> ranks;
  std::mutex mutex;
  std::map<std::pair<uint32_t, uint32_t>, std::deque<std::string>> queues;
  int64_t failing = -1;
  uint64_t longestSent = 0;
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_THREADMESSAGES_H
