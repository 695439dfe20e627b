//===- SharedSignals.cpp - Signals between ranks of a machine -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/SharedSignals.h"

#include <atomic>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace segc;
using Word = std::atomic<uint32_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == sizeof(uint32_t),
              "processes share them, and the system compares them");

/// Words of different writers are in lines of the cache of their own.
static constexpr uint64_t lineBytes = 64;
/// The first word of a rank counts all signals to it: what it sleeps on. Those
/// of each rank follow.
static constexpr size_t allSignals = 0;

static size_t wordFrom(size_t rank) { return 1 + rank; }

static Word &wordOf(const SharedBuffer &memory, size_t index) {
  return *reinterpret_cast<Word *>(memory.data() + index * lineBytes);
}

StatusOr<SharedSignals> SharedSignals::create(size_t rank, size_t size) {
  SharedSignals signals;
  signals.self = rank;
  signals.others.resize(size);
  signals.taken.resize(size);
  SEGC_ASSIGN_OR_RETURN(
      signals.own, SharedBuffer::create(wordFrom(size) * lineBytes, "signals"));
  return signals;
}

Status SharedSignals::connect(size_t rank, SharedBuffer::Place place) {
  place.bytes = own.size();
  SEGC_ASSIGN_OR_RETURN(others[rank], SharedBuffer::map(place));
  return Status::success();
}

void SharedSignals::send(size_t rank) const {
  wordOf(others[rank], wordFrom(self)).fetch_add(1, std::memory_order_release);
  Word &all = wordOf(others[rank], allSignals);
  all.fetch_add(1, std::memory_order_release);
  ::syscall(SYS_futex, &all, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool SharedSignals::take(size_t rank, std::chrono::nanoseconds limit) {
  const auto isThere = [&] {
    return wordOf(own, wordFrom(rank)).load(std::memory_order_acquire) !=
           taken[rank];
  };
  // A signal from here on changes the word, and the sleep does not begin.
  Word &all = wordOf(own, allSignals);
  const uint32_t before = all.load(std::memory_order_acquire);
  if (!isThere()) {
    constexpr int64_t second = 1'000'000'000;
    const timespec time = {limit.count() / second, limit.count() % second};
    ::syscall(SYS_futex, &all, FUTEX_WAIT, before, &time, nullptr, 0);
  }
  if (!isThere())
    return false;
  ++taken[rank];
  return true;
}
