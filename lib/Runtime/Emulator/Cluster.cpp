//===- Cluster.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"

#include <algorithm>
#include <new>
#include <numeric>

using namespace segc;
using State = EmulatedThread::State;

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

Status Cluster::run(const EmulatedLaunch &launch, int64_t block,
                    const EmulatorOptions &options) {
  if (blocks.empty())
    blocks.push_back(std::make_unique<Block>());
  size = 1;
  arrived = barrier = 0;
  released = {};
  blocks.front()->begin(launch, block, options, *this);
  while (runBlocks()) {
  }
  // A fault tells more than what others wait for because of it.
  auto end = blocks.begin() + size;
  if (auto failed = std::find_if(blocks.begin(), end,
                                 [](auto &each) { return each->hasFailed(); });
      failed != end)
    std::iter_swap(blocks.begin(), failed);
  Status result = Status::success();
  for (auto each = blocks.begin(); each != end; ++each)
    if (Status status = (*each)->end(); result.ok())
      result = status;
  return result;
}

/// Lets each block run until it cannot go on. Returns whether any thread ran,
/// and none has failed.
bool Cluster::runBlocks() {
  std::array<uint32_t, maxBlocks> order;
  std::iota(order.begin(), order.end(), 0);
  Block &first = *blocks.front();
  uint32_t count = size;
  switch (first.options().schedule) {
  case EmulatorOptions::Schedule::Ascending:
    break;
  case EmulatorOptions::Schedule::Descending:
    std::reverse(order.begin(), order.begin() + count);
    break;
  case EmulatorOptions::Schedule::Random:
    for (uint32_t i = count; i > 1; --i)
      std::swap(order[i - 1], order[first.random(i)]);
  }
  bool ran = false;
  for (uint32_t i = 0; i < count; ++i) {
    Block &block = *blocks[order[i]];
    ran |= block.runWarps();
    if (block.hasFailed())
      return false;
  }
  return ran;
}

void Cluster::enter(EmulatedThread &thread, uint32_t count, const char *op) {
  Block &block = *thread.block;
  if (size > 1)
    return;
  if (count < 2 || count > maxBlocks || block.launch().blocks % count)
    block.fail(thread, op, [&] {
      return "has clusters of " + std::to_string(count) +
             " blocks in a launch of " + std::to_string(block.launch().blocks) +
             ": expected 2 to 8, of which the launch has a multiple";
    });
  // What one block does is counted without the others, but needs them.
  if (block.getNumber() % count && !block.options().counts) {
    block.waitForLaunch(thread); // It does so in the run of the first block.
    block.leave(thread);
  }
  size = count;
  if (!beginOthers(thread))
    block.fail(thread, op, [] { return "has no memory for its cluster"; });
}

uint32_t Cluster::rankOf(const Block &block) const {
  return static_cast<uint32_t>(block.getNumber() % size);
}

bool Cluster::beginOthers(EmulatedThread &thread) {
  Block &first = *thread.block;
  EmulatorOptions options = first.options();
  options.counts = nullptr;
  uint32_t rank = rankOf(first);
  try {
    while (blocks.size() < size)
      blocks.push_back(std::make_unique<Block>());
    for (uint32_t i = 1; i < size; ++i)
      blocks[i]->begin(first.launch(),
                       first.getNumber() - rank + (rank + i) % size, options,
                       *this);
  } catch (const std::bad_alloc &) {
    size = 1;
    return false;
  }
  for (uint32_t i = 0; i < size; ++i)
    blocks[i]->shared.beginCluster();
  return true;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Cluster::arrive(EmulatedThread &thread, const char *op) {
  Block &block = *thread.block;
  if (thread.hasArrivedAtCluster)
    block.fail(thread, op, [] {
      return "arrives again without a wait for the barrier of the cluster";
    });
  thread.hasArrivedAtCluster = true;
  thread.clusterBarrier = barrier;
  block.shared.order.release(thread.index, released[rankOf(block)]);
  if (++arrived == size * block.launch().threads)
    endBarrier();
}

/// No thread arrives at the next barrier before it has waited for this.
void Cluster::endBarrier() {
  arrived = 0;
  ++barrier;
  for (uint32_t i = 0; i < size; ++i) {
    Block &block = *blocks[i];
    if (size > 1)
      block.shared.orderCluster(released[rankOf(block)]);
    completed[rankOf(block)] = std::move(released[rankOf(block)]);
    released[rankOf(block)] = {};
    block.wakeWaiting(State::AtCluster, /*place=*/0);
  }
}

void Cluster::wait(EmulatedThread &thread, const char *op) {
  Block &block = *thread.block;
  if (!thread.hasArrivedAtCluster)
    block.fail(thread, op, [] {
      return "waits for a barrier of the cluster at which the thread has not "
             "arrived";
    });
  if (thread.clusterBarrier == barrier)
    block.waitFor(thread, State::AtCluster, /*place=*/0, op);
  thread.hasArrivedAtCluster = false;
  block.shared.order.acquire(thread.index, completed[rankOf(block)]);
}

std::string Cluster::describeMissing() const {
  uint32_t all = size * blocks.front()->launch().threads;
  return "the barrier of the cluster lacks " + std::to_string(all - arrived) +
         " of " + std::to_string(all) + " threads";
}

//===----------------------------------------------------------------------===//
// Distributed shared memory
//===----------------------------------------------------------------------===//

std::byte *Cluster::map(EmulatedThread &thread, const void *address,
                        uint32_t rank, const char *op) {
  const SharedMemory &own = thread.block->shared;
  auto at = static_cast<const std::byte *>(address) - own.data();
  if (rank >= size || at < 0 || at > own.size())
    thread.block->fail(thread, op, [&] {
      return "maps byte " + std::to_string(at) + " of " +
             std::to_string(own.size()) + " to block " + std::to_string(rank) +
             " of a cluster of " + std::to_string(size);
    });
  uint32_t first = rankOf(*blocks.front());
  return blocks[(rank + size - first) % size]->shared.data() + at;
}

Block *Cluster::blockAt(const void *address) {
  for (uint32_t i = 0; i < size; ++i) {
    const auto *start = blocks[i]->shared.data();
    if (address >= start && address < start + SEGC_EMULATOR_SHARED_ALIGNMENT)
      return blocks[i].get();
  }
  return nullptr;
}

void Cluster::checkAccess(EmulatedThread &thread, const void *address,
                          uint32_t bytes, uint32_t alignment, bool isStore,
                          const char *op) {
  Block *block = blockAt(address);
  if (block == thread.block)
    return block->checkShared(thread, address, bytes, alignment, isStore, op);
  if (!block)
    thread.block->fail(
        thread, op, [] { return "accesses no shared memory of the cluster"; });
  auto refuse = [&](const char *what) {
    thread.block->fail(thread, op, [&] {
      return "accesses the shared memory of block " +
             std::to_string(block->getNumber()) + what;
    });
  };
  if (isStore)
    refuse(", which is emulated for loads alone");
  if (block->hasEnded())
    refuse(", which has ended");
  if (thread.hasArrivedAtCluster)
    refuse(" between an arrival at the cluster's barrier and the wait for it");
  block->checkLoadOfCluster(thread, address, bytes, alignment, op);
}

//===----------------------------------------------------------------------===//
// What kernels call
//===----------------------------------------------------------------------===//

static Cluster &clusterOf(segc_emulator_thread *thread) {
  return emulated(thread).block->cluster();
}

static void enter(segc_emulator_thread *thread, uint32_t blocks,
                  const char *op) {
  clusterOf(thread).enter(emulated(thread), blocks, op);
}

static void arrive(segc_emulator_thread *thread, const char *op) {
  clusterOf(thread).arrive(emulated(thread), op);
}

static void wait(segc_emulator_thread *thread, const char *op) {
  clusterOf(thread).wait(emulated(thread), op);
}

static void *mapShared(segc_emulator_thread *thread, const void *address,
                       uint32_t block, const char *op) {
  return clusterOf(thread).map(emulated(thread), address, block, op);
}

static void accessCluster(segc_emulator_thread *thread, const void *address,
                          uint32_t bytes, uint32_t alignment, uint32_t access,
                          const char *op) {
  clusterOf(thread).checkAccess(emulated(thread), address, bytes, alignment,
                                access == SEGC_EMULATOR_STORE, op);
}

void segc::addClusterFunctions(segc_emulator_functions &functions) {
  functions.enter_cluster = enter;
  functions.arrive_cluster = arrive;
  functions.wait_cluster = wait;
  functions.map_shared = mapShared;
  functions.access_cluster = accessCluster;
}
