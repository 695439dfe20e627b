//===- Accesses.cpp - Checks of accesses to memory ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

using namespace segc;

static std::string accessText(bool isStore, uint64_t bytes) {
  return (isStore ? "writes " : "reads ") + std::to_string(bytes) + " bytes";
}

std::string Block::describePlace(const EmulatedThread &thread, int64_t at,
                                 uint32_t bytes, bool isStore) const {
  std::string text = accessText(isStore, bytes) + " at byte " +
                     std::to_string(at) + " of shared memory";
  return thread.block == this ? text
                              : text + " of block " + std::to_string(number);
}

/// Checks what any access of a thread to the block's shared memory must obey.
void Block::checkPlace(EmulatedThread &thread, int64_t at, uint32_t bytes,
                       uint32_t alignment, bool isStore, const char *op) {
  auto fail = [&](auto &&describe) {
    thread.block->fail(thread, op, [&] {
      return describePlace(thread, at, bytes, isStore) + ", which " +
             describe();
    });
  };
  if (at < 0 || at + bytes > shared.size())
    fail([&] { return "has " + std::to_string(shared.size()); });
  if (at % alignment)
    fail([&] { return "is no multiple of " + std::to_string(alignment); });
  if (const Mbarrier *mbarrier = mbarriers.overlapping(at, bytes))
    fail([&] { return "is in " + mbarrier->describe(); });
  if (KernelCounts *counts = thread.block->options().counts)
    (isStore ? counts->sharedBytesWritten : counts->sharedBytesRead) += bytes;
}

void Block::checkShared(EmulatedThread &thread, const void *address,
                        uint32_t bytes, uint32_t alignment, bool isStore,
                        const char *op) {
  int64_t at = static_cast<const std::byte *>(address) - shared.data();
  checkPlace(thread, at, bytes, alignment, isStore, op);
  bool good = isStore ? shared.store(thread.index, at, bytes)
                      : shared.load(thread.index, at, bytes);
  if (!good)
    fail(thread, op, [&] {
      return describePlace(thread, at, bytes, isStore) + ", " +
             shared.explain(thread.index, at, bytes, isStore);
    });
}

void Block::checkLoadOfCluster(EmulatedThread &other, const void *address,
                               uint32_t bytes, uint32_t alignment,
                               const char *op) {
  int64_t at = static_cast<const std::byte *>(address) - shared.data();
  checkPlace(other, at, bytes, alignment, /*isStore=*/false, op);
  if (!shared.loadOfCluster(at, bytes))
    other.block->fail(other, op, [&] {
      return describePlace(other, at, bytes, /*isStore=*/false) + ", " +
             shared.explainLoadOfCluster(at, bytes);
    });
}

void Block::checkBounds(EmulatedThread &thread, const void *address,
                        uint64_t bytes, uint32_t alignment, bool isStore,
                        uint32_t operand, const char *op) {
  const auto *at = static_cast<const std::byte *>(address);
  const std::vector<uint64_t> &sizes = launch().operandBytes;
  auto offsetIn = [&](size_t i) {
    return reinterpret_cast<intptr_t>(at) -
           reinterpret_cast<intptr_t>(launch().operands[i]);
  };
  auto isInside = [&](size_t i) {
    return offsetIn(i) >= 0 &&
           static_cast<uint64_t>(offsetIn(i)) + bytes <= sizes[i];
  };
  bool isAny = operand == SEGC_EMULATOR_ANY_OPERAND, inside = false;
  for (size_t i = 0; i < sizes.size() && !inside; ++i)
    inside = (isAny || i == operand) && isInside(i);
  if (!inside && isAny)
    fail(thread, op,
         [&] { return accessText(isStore, bytes) + " outside all operands"; });
  if (!inside)
    fail(thread, op, [&] {
      return accessText(isStore, bytes) + " at byte " +
             std::to_string(offsetIn(operand)) + " of operand " +
             std::to_string(operand) + ", which has " +
             std::to_string(sizes[operand]);
    });
  if (reinterpret_cast<uintptr_t>(at) % alignment)
    fail(thread, op, [&] {
      return accessText(isStore, bytes) +
             " at an address that is no multiple of " +
             std::to_string(alignment);
    });
}

void Block::waitForLaunch(EmulatedThread &thread) {
  setObserved(thread, /*awaitsLaunch=*/false);
}

void Block::checkLaunchWait(EmulatedThread &thread, const char *op) {
  if (thread.awaitsLaunch)
    fail(thread, op, [] {
      return "accesses global memory before a griddepcontrol.wait in a "
             "dependent launch";
    });
}

void Block::checkGlobal(EmulatedThread &thread, const void *address,
                        uint64_t bytes, uint32_t alignment, bool isStore,
                        uint32_t operand, const char *op) {
  checkLaunchWait(thread, op);
  checkBounds(thread, address, bytes, alignment, isStore, operand, op);
  if (global.areCounted())
    global.note(thread.index, op, address, bytes, isStore);
  checkConflicts(thread, address, bytes, isStore, op);
}

void Block::checkConflicts(EmulatedThread &thread, const void *address,
                           uint64_t bytes, bool isStore, const char *op) {
  if (!launch().accesses)
    return;
  LaunchAccesses::Conflict other = launch().accesses->note(
      shared.order, number, thread.index, address, bytes, isStore);
  if (other.exists)
    fail(thread, op, [&] {
      std::string text =
          accessText(isStore, bytes) + " of global memory, which ";
      const char *did = other.isStore ? "written" : "read";
      if (other.block != number)
        return text + "block " + std::to_string(other.block) + " has " + did +
               " in the same launch";
      if (other.segment == shared.order.several())
        return text + "other threads have read without a barrier between";
      return accessText(isStore, bytes) + " of global memory, " +
             shared.order.explain(other.segment, thread.index, did);
    });
}

static void accessShared(segc_emulator_thread *opaque, const void *address,
                         uint32_t bytes, uint32_t alignment, uint32_t access,
                         const char *op) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->checkShared(thread, address, bytes, alignment,
                            access == SEGC_EMULATOR_STORE, op);
}

static void accessGlobal(segc_emulator_thread *opaque, const void *address,
                         uint32_t bytes, uint32_t alignment, uint32_t access,
                         uint32_t operand, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->checkGlobal(thread, address, bytes, alignment,
                            access == SEGC_EMULATOR_STORE, operand, op);
}

static void waitLaunch(segc_emulator_thread *opaque, const char *) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->waitForLaunch(thread);
}

void segc::addAccessFunctions(segc_emulator_functions &functions) {
  functions.access_shared = accessShared;
  functions.access_global = accessGlobal;
  functions.wait_launch = waitLaunch;
}
