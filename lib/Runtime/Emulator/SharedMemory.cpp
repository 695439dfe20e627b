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

void SharedMemory::begin(uint32_t newBytes, uint32_t threads) {
  bytes = newBytes;
  otherBlocks = 0;
  readByCluster = false;
  // All ones are a NaN in f32, f16 and bf16.
  std::memset(memory, 0xff, bytes);
  // Copies of an earlier block may never have been waited for.
  if (order.begin(threads) || copiedBytes) {
    copiedBytes = 0;
    std::fill(writers.begin(), writers.end(), 0);
    std::fill(readers.begin(), readers.end(), 0);
  }
  if (writers.size() < bytes) {
    writers.resize(bytes);
    readers.resize(bytes);
  }
}

void SharedMemory::beginCluster() { otherBlocks = order.addOtherBlocks(); }

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

bool SharedMemory::load(uint32_t actor, uint32_t at, uint32_t count) {
  if (order.hasAgents())
    return loadExactly(actor, at, count);
  const Stamp own = order.segmentOf(actor),
              last = order.firstSegmentOfEpoch() - 1,
              block = order.firstSegmentOfBlock(), shared = order.several();
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
  return good || explain(actor, at, count, /*isStore=*/false).empty();
}

bool SharedMemory::store(uint32_t actor, uint32_t at, uint32_t count) {
  if (order.hasAgents())
    return storeExactly(actor, at, count);
  const Stamp own = order.segmentOf(actor),
              last = order.firstSegmentOfEpoch() - 1;
  Stamp *writer = writers.data() + at;
  const Stamp *reader = readers.data() + at;
  bool good = forCount(count, [&](auto known) {
    Stamp doubtful = 0;
    for (uint32_t i = 0; i < known; ++i)
      doubtful |= (isBelow(last, writer[i]) & differ(writer[i], own)) |
                  (isBelow(last, reader[i]) & differ(reader[i], own));
    return doubtful >= 0;
  });
  if (!good && !explain(actor, at, count, /*isStore=*/true).empty())
    return false;
  forCount(count, [&](auto known) {
    for (uint32_t i = 0; i < known; ++i)
      writer[i] = own;
  });
  return true;
}

// Where agents act, all readers of a byte are known: unlike threads they are
// not ordered by barriers. Neighbours mostly have the same history.

bool SharedMemory::loadExactly(uint32_t actor, uint32_t at, uint32_t count) {
  const Stamp *writer = writers.data() + at;
  Stamp *reader = readers.data() + at;
  Stamp checked = -1, before = -1, after = -1;
  for (uint32_t i = 0; i < count; ++i) {
    if (writer[i] != checked) {
      checked = writer[i];
      if (!mayFollowWriter(checked, actor, /*isStore=*/false))
        return false;
    }
    if (reader[i] != before) {
      before = reader[i];
      after = order.addReader(before, actor);
    }
    reader[i] = after;
  }
  return true;
}

bool SharedMemory::storeExactly(uint32_t actor, uint32_t at, uint32_t count) {
  Stamp *writer = writers.data() + at, *reader = readers.data() + at;
  Stamp written = -1, read = -1;
  for (uint32_t i = 0; i < count; ++i) {
    if (writer[i] != written) {
      written = writer[i];
      if (!mayFollowWriter(written, actor, /*isStore=*/true))
        return false;
    }
    if (reader[i] != read) {
      read = reader[i];
      if (!mayFollowReaders(read, actor))
        return false;
    }
  }
  std::fill_n(writer, count, order.segmentOf(actor));
  std::fill_n(reader, count, 0); // all come before the store
  return true;
}

bool SharedMemory::mayFollowWriter(Stamp writer, uint32_t actor,
                                   bool isStore) const {
  if (writer & copying)
    return false;
  if (writer < order.firstSegmentOfBlock())
    return isStore;
  if (!order.isBefore(writer, actor))
    return false;
  if (!order.isAgent(actor) || actor == otherBlocks)
    return true;
  // The copies of an agent are not ordered among each other.
  return order.isVisibleToAgents(writer) &&
         !(isStore && writer == order.segmentOf(actor));
}

bool SharedMemory::mayFollowReaders(Stamp readers, uint32_t actor) const {
  if (readers < order.firstSegmentOfEpoch())
    return true;
  // Barriers of parts of the block may have ordered all of several.
  return readers == order.several() ? order.isPartlyOrdered()
                                    : order.isBefore(readers, actor);
}

std::string SharedMemory::explain(uint32_t actor, uint32_t at, uint32_t count,
                                  bool isStore) const {
  for (uint32_t i = 0; i < count; ++i)
    if (std::string text = explainByte(actor, at + i, isStore); !text.empty())
      return text;
  return "";
}

std::string SharedMemory::explainByte(uint32_t actor, uint32_t at,
                                      bool isStore) const {
  Stamp writer = writers[at], reader = readers[at];
  if (!mayFollowWriter(writer, actor, isStore)) {
    if (writer & copying)
      return "which an asynchronous copy of thread " +
             std::to_string(writer - copying) + " still writes";
    if (writer < order.firstSegmentOfBlock())
      return "which nobody has written";
    if (!order.isBefore(writer, actor))
      return order.explain(writer, actor, "written");
    if (!order.isVisibleToAgents(writer))
      return "which thread " + std::to_string(order.actorOf(writer)) +
             " has written without a fence.proxy.async after it";
    return "which another of its copies writes";
  }
  if (!isStore || mayFollowReaders(reader, actor))
    return "";
  return reader == order.several()
             ? "which other threads have read without a barrier between"
             : order.explain(reader, actor, "read");
}

void SharedMemory::beginCopy(uint32_t thread, uint32_t at, uint32_t count) {
  std::fill_n(writers.begin() + at, count,
              copying | static_cast<Stamp>(thread));
  copiedBytes += count;
}

void SharedMemory::endCopy(uint32_t thread, uint32_t at, uint32_t count) {
  std::fill_n(writers.begin() + at, count, order.segmentOf(thread));
  copiedBytes -= count;
}

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

bool SharedMemory::loadOfCluster(uint32_t at, uint32_t count) {
  readByCluster = true;
  return loadExactly(otherBlocks, at, count);
}

std::string SharedMemory::explainLoadOfCluster(uint32_t at,
                                               uint32_t count) const {
  return explain(otherBlocks, at, count, /*isStore=*/false);
}

void SharedMemory::orderCluster(ThreadOrder::Release &threads) {
  order.releaseAgent(otherBlocks, threads);
  order.acquire(otherBlocks, threads);
  readByCluster = false;
}
