//===- TensorCopies.cpp - Copies of boxes of tensors ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// cp.async.bulk.tensor in tiled mode (TMA). Loads are done when somebody cannot
// go on without them, stores when they are waited for, or each when it is
// issued.

#include "TensorCopies.h"

#include "Block.h"

#include <algorithm>
#include <cstring>

using namespace segc;

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

uint32_t TensorCopy::extent(uint32_t dimension) const {
  uint32_t stride = dimension ? map->steps[dimension] : 1;
  return (map->box[dimension] + stride - 1) / stride;
}

uint32_t TensorCopy::bytes() const {
  uint32_t all = rowBytes();
  for (uint32_t i = 1; i < map->rank; ++i)
    all *= extent(i);
  return all;
}

template <typename Visit>
void TensorCopy::forRows(Visit &&visit) const {
  const TensorMap &m = *map;
  int64_t size = m.elementBytes(), first = coordinates[0],
          inside = static_cast<int64_t>(m.sizes[0]) - first,
          low = std::clamp<int64_t>(-first, 0, m.box[0]) * size,
          high = std::clamp<int64_t>(inside, 0, m.box[0]) * size;
  uint32_t at = shared, index[SEGC_MAX_TENSOR_RANK] = {};
  for (uint32_t end = shared + bytes(); at < end; at += rowBytes()) {
    bool isInside = true;
    std::byte *row = m.address + first * size;
    for (uint32_t i = 1; i < m.rank; ++i) {
      int64_t position =
          coordinates[i] + static_cast<int64_t>(index[i]) * m.steps[i];
      isInside &= position >= 0 && position < static_cast<int64_t>(m.sizes[i]);
      row += position * static_cast<int64_t>(m.strides[i]);
    }
    if (isInside && low < high)
      visit(at, row, low, high);
    else
      visit(at, row, int64_t(0), int64_t(0));
    for (uint32_t i = 1; i < m.rank && ++index[i] == extent(i); ++i)
      index[i] = 0;
  }
}

static constexpr uint32_t chunk = 16; ///< Bytes that a swizzle moves together.
static constexpr uint32_t mostRowBytes = 256 * 8;

void TensorCopy::land(std::byte *memory) const {
  forRows([&](uint32_t at, const std::byte *row, int64_t low, int64_t high) {
    std::byte bytes[mostRowBytes];
    std::memset(bytes, 0, rowBytes());
    std::memcpy(bytes + low, row + low, high - low);
    for (uint32_t i = 0; i < rowBytes(); i += chunk)
      std::memcpy(memory + swizzled(at + i, map->swizzle), bytes + i, chunk);
  });
}

void TensorCopy::storeFrom(const std::byte *memory) const {
  forRows([&](uint32_t at, std::byte *row, int64_t low, int64_t high) {
    std::byte bytes[mostRowBytes];
    for (uint32_t i = 0; i < rowBytes(); i += chunk)
      std::memcpy(bytes + i, memory + swizzled(at + i, map->swizzle), chunk);
    std::memcpy(row + low, bytes + low, high - low);
  });
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

/// Returns what the rules of cuTensorMapEncodeTiled do not allow of a map;
/// empty: nothing.
static std::string wrongIn(const TensorMap &map) {
  constexpr uint64_t mostSize = uint64_t(1) << 32, mostStride = uint64_t(1)
                                                                << 40;
  constexpr uint32_t mostBox = 256, mostStep = 8;
  if (map.elementBytes() != 1 && map.elementBytes() != 2 &&
      map.elementBytes() != 4 && map.elementBytes() != 8)
    return "elements of " + std::to_string(map.elementBytes()) + " bytes";
  if (reinterpret_cast<uintptr_t>(map.address) % chunk)
    return "an address that is no multiple of 16";
  uint64_t rowBytes = uint64_t(map.box[0]) * map.elementBytes();
  if (rowBytes % chunk)
    return "a box with rows of " + std::to_string(rowBytes) +
           " bytes, which are no multiple of 16";
  // Shorter rows are allowed, but how they lie is not known.
  if (map.swizzle && rowBytes != map.swizzle)
    return "a swizzle of " + std::to_string(map.swizzle) +
           " bytes for rows of " + std::to_string(rowBytes);
  for (uint32_t i = 0; i < map.rank; ++i) {
    auto of = [&](const char *what, uint64_t value) {
      return std::string(what) + " " + std::to_string(value) +
             " of dimension " + std::to_string(i);
    };
    if (map.sizes[i] < 1 || map.sizes[i] > mostSize)
      return of("size", map.sizes[i]);
    if (map.box[i] < 1 || map.box[i] > mostBox)
      return of("box", map.box[i]);
    if (i && (map.steps[i] < 1 || map.steps[i] > mostStep))
      return of("step", map.steps[i]);
    if (i && (map.strides[i] % chunk || map.strides[i] >= mostStride))
      return of("stride", map.strides[i]);
  }
  return "";
}

/// Checks map and place of a copy before it is issued. Returns its place in
/// shared memory.
static uint32_t check(EmulatedThread &thread, const TensorCopy &copy,
                      const void *shared, uint32_t rank, bool isStore,
                      const char *op) {
  constexpr uint32_t alignment = 128;
  Block &block = *thread.block;
  const TensorMap &map = *copy.map;
  if (!wrongIn(map).empty())
    block.fail(thread, op,
               [&] { return "has a tensor map with " + wrongIn(map); });
  if (map.rank != rank)
    block.fail(thread, op, [&] {
      return "has " + std::to_string(rank) +
             " coordinates, but a tensor map of " + std::to_string(map.rank) +
             " dimensions";
    });
  uint64_t last = map.sizes[0] * map.elementBytes();
  for (uint32_t i = 1; i < rank; ++i)
    last += (map.sizes[i] - 1) * map.strides[i];
  block.checkBounds(thread, map.address, last, chunk, isStore, map.operand, op);
  int64_t at = static_cast<const std::byte *>(shared) - block.shared.data();
  auto where = [&] {
    return "copies " + std::to_string(copy.bytes()) + " bytes at byte " +
           std::to_string(at) + " of shared memory, which ";
  };
  if (at < 0 || at + copy.bytes() > block.shared.size())
    block.fail(thread, op, [&] {
      return where() + "has " + std::to_string(block.shared.size());
    });
  if (at % alignment)
    block.fail(thread, op, [&] { return where() + "is no multiple of 128"; });
  if (block.mbarriers.overlapping(at, copy.bytes()))
    block.fail(thread, op, [&] { return where() + "holds an mbarrier"; });
  return at;
}

static const TensorMap *mapAt(EmulatedThread &thread, const void *address,
                              const char *op) {
  for (const TensorMap &map : thread.block->maps)
    if (&map == address)
      return &map;
  thread.block->fail(thread, op,
                     [] { return "uses no tensor map of the launch"; });
}

static void setCoordinates(TensorCopy &copy, const int32_t *coordinates,
                           uint32_t rank) {
  std::copy_n(coordinates, std::min<size_t>(rank, copy.coordinates.size()),
              copy.coordinates.begin());
}

static void note(EmulatedThread &thread, const TensorCopy &copy, bool isStore,
                 const char *op) {
  Block &block = *thread.block;
  KernelCounts *counts = block.options().counts;
  if (counts)
    (isStore ? counts->sharedBytesRead : counts->sharedBytesWritten) +=
        copy.bytes();
  if (!thread.observe_global)
    return;
  block.checkLaunchWait(thread, op);
  copy.forRows([&](uint32_t, const std::byte *row, int64_t low, int64_t high) {
    if (low == high)
      return;
    if (counts)
      block.global.noteAlone(row + low, high - low, isStore);
    block.checkConflicts(thread, row + low, high - low, isStore, op);
  });
}

//===----------------------------------------------------------------------===//
// What kernels call
//===----------------------------------------------------------------------===//

static void loadTensor(segc_emulator_thread *opaque, void *shared,
                       const void *map, const int32_t *coordinates,
                       uint32_t rank, void *address, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  TensorCopy copy;
  copy.map = mapAt(thread, map, op);
  setCoordinates(copy, coordinates, rank);
  copy.shared = check(thread, copy, shared, rank, /*isStore=*/false, op);
  Mbarrier &mbarrier = mbarrierAt(thread, address, op);
  if (!mbarrier.isFenced)
    block.fail(thread, op, [&] {
      return "uses " + mbarrier.describe() +
             ", whose initialisation has no fence.mbarrier.init after it";
    });
  block.actFor(mbarrier.agent, thread);
  if (!block.shared.store(mbarrier.agent, copy.shared, copy.bytes()))
    block.fail(thread, op, [&] {
      return "copies " + std::to_string(copy.bytes()) + " bytes to byte " +
             std::to_string(copy.shared) + " of shared memory, " +
             block.shared.explain(mbarrier.agent, copy.shared, copy.bytes(),
                                  /*isStore=*/true);
    });
  note(thread, copy, /*isStore=*/false, op);
  mbarrier.copies.push_back(copy);
  settle(block, mbarrier);
}

static void storeTensor(segc_emulator_thread *opaque, const void *map,
                        const void *shared, const int32_t *coordinates,
                        uint32_t rank, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  TensorCopy copy;
  copy.map = mapAt(thread, map, op);
  setCoordinates(copy, coordinates, rank);
  copy.shared = check(thread, copy, shared, rank, /*isStore=*/true, op);
  TensorStores &own = thread.tensorStores;
  if (!own.agent)
    own.agent = block.shared.order.addAgent("a tensor store of thread " +
                                            std::to_string(thread.index));
  block.actFor(own.agent, thread);
  if (!block.shared.load(own.agent, copy.shared, copy.bytes()))
    block.fail(thread, op, [&] {
      return "copies " + std::to_string(copy.bytes()) + " bytes from byte " +
             std::to_string(copy.shared) + " of shared memory, " +
             block.shared.explain(own.agent, copy.shared, copy.bytes(),
                                  /*isStore=*/false);
    });
  note(thread, copy, /*isStore=*/true, op);
  if (!block.options().lateCopies)
    copy.storeFrom(block.shared.data());
  own.stores.push_back(copy);
}

static void commitStores(segc_emulator_thread *opaque, const char *) {
  EmulatedThread &thread = emulated(opaque);
  TensorStores &own = thread.tensorStores;
  size_t committed = 0;
  for (const TensorStores::Group &group : own.groups)
    committed += group.count;
  own.groups.push_back({own.stores.size() - committed, {}});
  if (own.agent)
    thread.block->shared.order.releaseAgent(own.agent, own.groups.back().reads);
}

// A store has written when it has read: writes to global memory are visible to
// the thread alone, which cannot tell.
static void waitStores(segc_emulator_thread *opaque, uint32_t groups,
                       uint32_t /*read*/, const char *) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  TensorStores &own = thread.tensorStores;
  while (own.groups.size() > groups) {
    const TensorStores::Group &group = own.groups.front();
    if (block.options().lateCopies)
      for (size_t i = 0; i < group.count; ++i)
        own.stores[i].storeFrom(block.shared.data());
    own.stores.erase(own.stores.begin(), own.stores.begin() + group.count);
    block.shared.order.acquire(thread.index, group.reads);
    own.groups.pop_front();
  }
}

void segc::addTensorCopyFunctions(segc_emulator_functions &functions) {
  functions.load_tensor = loadTensor;
  functions.store_tensor = storeTensor;
  functions.commit_stores = commitStores;
  functions.wait_stores = waitStores;
}
