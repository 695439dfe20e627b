//===- Mbarriers.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mbarriers.h"

#include "Block.h"

using namespace segc;
using State = EmulatedThread::State;

//===----------------------------------------------------------------------===//
// Mbarriers
//===----------------------------------------------------------------------===//

std::string Mbarrier::describe() const {
  return "the mbarrier at byte " + std::to_string(at) + " of shared memory";
}

std::string Mbarrier::describeMissing() const {
  std::string text = "phase " + std::to_string(phase) + " of " + describe() +
                     " lacks " + std::to_string(pending) + " of " +
                     std::to_string(count) + " arrivals";
  if (missingBytes > 0)
    text += " and " + std::to_string(missingBytes) + " bytes";
  if (missingBytes < 0)
    text += " and has " + std::to_string(-missingBytes) +
            " bytes more than it expects";
  return text;
}

Mbarrier *Mbarriers::find(uint32_t at) {
  auto place = all.find(at);
  return place == all.end() ? nullptr : &place->second;
}

const Mbarrier *Mbarriers::overlapping(uint32_t at, uint32_t bytes) const {
  auto place = all.lower_bound(at + bytes);
  if (place == all.begin())
    return nullptr;
  --place;
  return place->first + Mbarrier::bytes > at ? &place->second : nullptr;
}

void Mbarriers::fenceInitialized(uint32_t thread) {
  for (auto &[at, mbarrier] : all)
    mbarrier.isFenced |= mbarrier.initializer == thread;
}

const Mbarrier *Mbarriers::unfinished() const {
  for (const auto &[at, mbarrier] : all)
    if (!mbarrier.copies.empty())
      return &mbarrier;
  return nullptr;
}

void segc::settle(Block &block, Mbarrier &mbarrier) {
  bool isNeeded = mbarrier.waiting && mbarrier.pending == 0;
  if (isNeeded || !block.options().lateCopies) {
    for (const TensorCopy &copy : mbarrier.copies) {
      copy.land(block.shared.data());
      mbarrier.missingBytes -= copy.bytes();
    }
    mbarrier.copies.clear();
  }
  if (mbarrier.pending || mbarrier.missingBytes)
    return;
  ++mbarrier.phase;
  mbarrier.pending = mbarrier.count;
  block.shared.order.releaseAgent(mbarrier.agent, mbarrier.released);
  mbarrier.completed = std::move(mbarrier.released);
  mbarrier.released = {};
  block.wakeWaiting(State::AtMbarrier, mbarrier.at);
}

Mbarrier &segc::mbarrierAt(EmulatedThread &thread, const void *address,
                           const char *op) {
  Block &block = *thread.block;
  auto at = static_cast<uint32_t>(static_cast<const std::byte *>(address) -
                                  block.shared.data());
  Mbarrier *mbarrier = block.mbarriers.find(at);
  if (!mbarrier)
    block.fail(thread, op, [&] {
      return "uses byte " + std::to_string(static_cast<int32_t>(at)) +
             " of shared memory as an mbarrier, which it is not";
    });
  auto isKnown = [&] {
    return block.shared
        .explain(thread.index, at, Mbarrier::bytes, /*isStore=*/false)
        .empty();
  };
  if (!isKnown())
    block.fail(thread, op, [&] {
      return "uses " + mbarrier->describe() + ", " +
             block.shared.explain(thread.index, at, Mbarrier::bytes,
                                  /*isStore=*/false);
    });
  return *mbarrier;
}

//===----------------------------------------------------------------------===//
// What kernels call
//===----------------------------------------------------------------------===//

static void init(segc_emulator_thread *opaque, void *address, uint32_t count,
                 const char *op) {
  constexpr uint32_t largestCount = (1 << 20) - 1;
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  block.checkShared(thread, address, Mbarrier::bytes, Mbarriers::alignment,
                    /*isStore=*/true, op);
  if (count == 0 || count > largestCount)
    block.fail(thread, op, [&] {
      return "expects " + std::to_string(count) + " arrivals";
    });
  auto at = static_cast<uint32_t>(static_cast<std::byte *>(address) -
                                  block.shared.data());
  Mbarrier &mbarrier = block.mbarriers.add(at);
  mbarrier.at = at;
  mbarrier.count = mbarrier.pending = count;
  mbarrier.initializer = thread.index;
  mbarrier.agent =
      block.shared.order.addAgent("a tensor copy with " + mbarrier.describe());
}

static void invalidate(segc_emulator_thread *opaque, void *address,
                       const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  Mbarrier &mbarrier = mbarrierAt(thread, address, op);
  if (mbarrier.waiting || !mbarrier.copies.empty())
    block.fail(thread, op, [&] {
      return "ends " + mbarrier.describe() + ", for which threads wait";
    });
  block.mbarriers.erase(mbarrier.at);
}

static uint64_t arrive(segc_emulator_thread *opaque, void *address,
                       uint32_t count, uint32_t bytes, const char *op) {
  constexpr int64_t mostBytes = (1 << 20) - 1;
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  Mbarrier &mbarrier = mbarrierAt(thread, address, op);
  uint64_t phase = mbarrier.phase;
  if (count > mbarrier.pending)
    block.fail(thread, op, [&] {
      return "arrives " + std::to_string(count) + " times, but " +
             mbarrier.describeMissing();
    });
  mbarrier.missingBytes += bytes;
  if (mbarrier.missingBytes > mostBytes)
    block.fail(thread, op, [&] {
      return "expects more than " + std::to_string(mostBytes) +
             " bytes: " + mbarrier.describeMissing();
    });
  mbarrier.pending -= count;
  if (count)
    block.shared.order.release(thread.index, mbarrier.released);
  settle(block, mbarrier);
  return phase;
}

/// Returns whether the phase of a parity has ended, and learns what came
/// before.
static bool hasEnded(EmulatedThread &thread, const Mbarrier &mbarrier,
                     uint32_t parity) {
  if (mbarrier.phase % 2 == parity % 2)
    return false;
  thread.block->shared.order.acquire(thread.index, mbarrier.completed);
  return true;
}

static void wait(segc_emulator_thread *opaque, void *address, uint32_t parity,
                 const char *op) {
  EmulatedThread &thread = emulated(opaque);
  // The phase is looked at again when the thread goes on, as a GPU would poll:
  // another may have ended meanwhile.
  while (true) {
    Mbarrier &mbarrier = mbarrierAt(thread, address, op);
    if (hasEnded(thread, mbarrier, parity))
      return;
    ++mbarrier.waiting;
    settle(*thread.block, mbarrier);
    if (!hasEnded(thread, mbarrier, parity))
      thread.block->waitFor(thread, State::AtMbarrier, mbarrier.at, op);
    --mbarrier.waiting;
  }
}

// A first try in vain returns, as after a time limit; the next waits.
static uint32_t tryWait(segc_emulator_thread *opaque, void *address,
                        uint32_t parity, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Mbarrier &mbarrier = mbarrierAt(thread, address, op);
  if (hasEnded(thread, mbarrier, parity))
    return 1;
  thread.triesInVain = !thread.triesInVain;
  if (thread.triesInVain)
    return 0;
  wait(opaque, address, parity, op);
  return 1;
}

static void fence(segc_emulator_thread *opaque, uint32_t kind, const char *) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  switch (kind) {
  case SEGC_EMULATOR_FENCE_PROXY_ASYNC:
    block.shared.order.fenceProxy(thread.index);
    [[fallthrough]];
  case SEGC_EMULATOR_FENCE_MBARRIER_INIT:
    block.mbarriers.fenceInitialized(thread.index);
    break;
  default:
    thread.wgmma.fence();
  }
}

void segc::addMbarrierFunctions(segc_emulator_functions &functions) {
  functions.fence = fence;
  functions.init_mbarrier = init;
  functions.invalidate_mbarrier = invalidate;
  functions.arrive_mbarrier = arrive;
  functions.wait_mbarrier = wait;
  functions.try_mbarrier = tryWait;
}
