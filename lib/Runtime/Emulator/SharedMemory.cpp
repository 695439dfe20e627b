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
#include <type_traits>

using namespace segc;

/// Marks the bytes of a copy that is under way; the rest is the thread.
static constexpr int32_t copying = 1 << 30;

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
    current[thread] = firstOfEpoch + static_cast<Stamp>(thread);
  }
  several = firstOfEpoch + static_cast<Stamp>(threads);
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
bool SharedMemory::isBefore(Stamp segment, uint32_t thread) const {
  const Segment &other = segments[segment - firstOfEpoch];
  return other.thread == thread ||
         (known[thread] && (*known[thread])[other.thread] >= other.clock);
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

// Loops over a number of bytes that the compiler knows become a few vectors.
template <typename Body>
static auto forCount(uint32_t count, Body &&body) {
  switch (count) {
  case 16:
    return body(std::integral_constant<uint32_t, 16>());
  case 8:
    return body(std::integral_constant<uint32_t, 8>());
  case 4:
    return body(std::integral_constant<uint32_t, 4>());
  case 2:
    return body(std::integral_constant<uint32_t, 2>());
  default:
    return body(count);
  }
}

// Negative numbers stand for true; they need no conversion in vectors.
template <typename Stamp>
static Stamp isBelow(Stamp a, Stamp b) {
  return a - b;
}
template <typename Stamp>
static Stamp differ(Stamp a, Stamp b) {
  return (a ^ b) | -(a ^ b);
}

bool SharedMemory::load(uint32_t thread, uint32_t at, uint32_t count) {
  const Stamp own = current[thread], last = firstOfEpoch - 1,
              block = firstOfBlock, shared = several;
  const Stamp *writer = writers.data() + at;
  Stamp *reader = readers.data() + at;
  bool good = forCount(count, [&](auto known) {
    Stamp doubtful = 0;
    for (uint32_t i = 0; i < known; ++i)
      doubtful |= (isBelow(writer[i], block) | isBelow(last, writer[i])) &
                  differ(writer[i], own);
    for (uint32_t i = 0; i < known; ++i)
      reader[i] = reader[i] <= last || reader[i] == own ? own : shared;
    return doubtful >= 0;
  });
  return good || explain(thread, at, count, /*isStore=*/false).empty();
}

bool SharedMemory::store(uint32_t thread, uint32_t at, uint32_t count) {
  const Stamp own = current[thread], last = firstOfEpoch - 1;
  Stamp *writer = writers.data() + at;
  const Stamp *reader = readers.data() + at;
  bool good = forCount(count, [&](auto known) {
    Stamp doubtful = 0;
    for (uint32_t i = 0; i < known; ++i)
      doubtful |= (isBelow(last, writer[i]) & differ(writer[i], own)) |
                  (isBelow(last, reader[i]) & differ(reader[i], own));
    return doubtful >= 0;
  });
  if (!good && !explain(thread, at, count, /*isStore=*/true).empty())
    return false;
  forCount(count, [&](auto known) {
    for (uint32_t i = 0; i < known; ++i)
      writer[i] = own;
  });
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
  Stamp writer = writers[at], reader = readers[at];
  if (writer & copying)
    return "which an asynchronous copy of thread " +
           std::to_string(writer - copying) + " still writes";
  if (!isStore && writer < firstOfBlock)
    return "which nobody has written";
  auto race = [&](Stamp segment, const char *did) {
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
  std::fill_n(writers.begin() + at, count,
              copying | static_cast<Stamp>(thread));
  copiedBytes += count;
}

void SharedMemory::endCopy(uint32_t thread, uint32_t at, uint32_t count) {
  std::fill_n(writers.begin() + at, count, current[thread]);
  copiedBytes -= count;
}
