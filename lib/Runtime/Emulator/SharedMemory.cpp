//===- SharedMemory.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMemory.h"

#include "segc/emulator.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <sys/mman.h>

using namespace segc;

/// Marks the bytes of a copy that is under way; the rest is the thread.
static constexpr uint32_t copying = 1u << 31;

SharedMemory::SharedMemory() {
  constexpr size_t alignment = SEGC_EMULATOR_SHARED_ALIGNMENT;
  static_assert(largestBytes <= alignment, "the low bits are the address");
  void *place = mmap(nullptr, 2 * alignment, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, /*fd=*/-1, 0);
  if (place == MAP_FAILED)
    throw std::bad_alloc();
  mapped = static_cast<std::byte *>(place);
  auto start = reinterpret_cast<uintptr_t>(place);
  memory = mapped + ((start + alignment - 1) / alignment * alignment - start);
}

SharedMemory::~SharedMemory() {
  munmap(mapped, 2 * SEGC_EMULATOR_SHARED_ALIGNMENT);
}

//===----------------------------------------------------------------------===//
// Order of threads
//===----------------------------------------------------------------------===//

void SharedMemory::begin(uint32_t newBytes, uint32_t newThreads) {
  bytes = newBytes;
  threads = newThreads;
  // All ones are a NaN in f32, f16 and bf16.
  std::memset(memory, 0xff, bytes);
  // A block does not need more than half of the numbers.
  // Copies of an earlier block may never have been waited for.
  if (nextSegment > copying / 2 || copiedBytes) {
    nextSegment = 1;
    copiedBytes = 0;
    std::fill(writers.begin(), writers.end(), 0);
    std::fill(readers.begin(), readers.end(), 0);
  }
  if (writers.size() < bytes) {
    writers.resize(bytes);
    readers.resize(bytes);
  }
  firstOfBlock = nextSegment;
  current.resize(threads);
  beginEpoch();
}

void SharedMemory::beginEpoch() {
  firstOfEpoch = nextSegment;
  segments.resize(threads + 1);
  for (uint32_t thread = 0; thread < threads; ++thread) {
    segments[thread] = {thread, 1};
    current[thread] = firstOfEpoch + thread;
  }
  several = firstOfEpoch + threads;
  nextSegment = several + 1;
  clocks.assign(threads, 1);
  known.assign(threads, nullptr);
  partlyOrdered = false;
}

void SharedMemory::orderAll() { beginEpoch(); }

void SharedMemory::order(const std::vector<uint32_t> &some) {
  partlyOrdered = true;
  auto joined = std::make_shared<Clocks>(threads);
  const Clocks *last = nullptr;
  for (uint32_t thread : some) {
    const Clocks *own = known[thread].get();
    if (own && own != last)
      for (uint32_t i = 0; i < threads; ++i)
        (*joined)[i] = std::max((*joined)[i], (*own)[i]);
    last = own;
  }
  for (uint32_t thread : some)
    (*joined)[thread] = clocks[thread];
  for (uint32_t thread : some) {
    known[thread] = joined;
    segments.push_back({thread, ++clocks[thread]});
    current[thread] = nextSegment++;
  }
}

/// Returns whether a segment of this epoch is ordered before what the thread
/// does now.
bool SharedMemory::isBefore(uint32_t segment, uint32_t thread) const {
  const Segment &other = segments[segment - firstOfEpoch];
  return other.thread == thread ||
         (known[thread] && (*known[thread])[other.thread] >= other.clock);
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

bool SharedMemory::load(uint32_t thread, uint32_t at, uint32_t count) {
  const uint32_t own = current[thread], epoch = firstOfEpoch,
                 block = firstOfBlock, shared = several;
  const uint32_t *writer = writers.data() + at;
  uint32_t *reader = readers.data() + at;
  uint32_t doubtful = 0;
  for (uint32_t i = 0; i < count; ++i) {
    doubtful |= !((writer[i] - block < epoch - block) | (writer[i] == own));
    bool isOnly = (reader[i] < epoch) | (reader[i] == own);
    reader[i] = isOnly ? own : shared;
  }
  return !doubtful || explain(thread, at, count, /*isStore=*/false).empty();
}

bool SharedMemory::store(uint32_t thread, uint32_t at, uint32_t count) {
  const uint32_t own = current[thread], epoch = firstOfEpoch;
  uint32_t *writer = writers.data() + at;
  const uint32_t *reader = readers.data() + at;
  uint32_t doubtful = 0;
  for (uint32_t i = 0; i < count; ++i) {
    doubtful |= !((writer[i] < epoch) | (writer[i] == own));
    doubtful |= !((reader[i] < epoch) | (reader[i] == own));
  }
  if (doubtful && !explain(thread, at, count, /*isStore=*/true).empty())
    return false;
  std::fill_n(writer, count, own);
  return true;
}

std::string SharedMemory::explain(uint32_t thread, uint32_t at, uint32_t count,
                                  bool isStore) const {
  for (uint32_t i = 0; i < count; ++i)
    if (std::string text = explainByte(thread, at + i, isStore); !text.empty())
      return text;
  return "";
}

std::string SharedMemory::explainByte(uint32_t thread, uint32_t at,
                                      bool isStore) const {
  uint32_t writer = writers[at], reader = readers[at];
  if (writer & copying)
    return "which an asynchronous copy of thread " +
           std::to_string(writer - copying) + " still writes";
  if (!isStore && writer < firstOfBlock)
    return "which nobody has written";
  auto race = [&](uint32_t segment, const char *did) {
    return std::string("which thread ") +
           std::to_string(segments[segment - firstOfEpoch].thread) + " has " +
           did + " without a barrier between";
  };
  if (writer >= firstOfEpoch && !isBefore(writer, thread))
    return race(writer, "written");
  if (!isStore || reader < firstOfEpoch)
    return "";
  if (reader != several)
    return isBefore(reader, thread) ? "" : race(reader, "read");
  // Barriers of parts of the block may have ordered all of these.
  return partlyOrdered
             ? ""
             : "which other threads have read without a barrier between";
}

void SharedMemory::beginCopy(uint32_t thread, uint32_t at, uint32_t count) {
  std::fill_n(writers.begin() + at, count, copying | thread);
  copiedBytes += count;
}

void SharedMemory::endCopy(uint32_t thread, uint32_t at, uint32_t count) {
  std::fill_n(writers.begin() + at, count, current[thread]);
  copiedBytes -= count;
}
