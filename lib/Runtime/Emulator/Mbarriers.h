//===- Mbarriers.h - Barriers in shared memory ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_MBARRIERS_H
#define SEGC_LIB_RUNTIME_EMULATOR_MBARRIERS_H

#include "TensorCopies.h"
#include "ThreadOrder.h"

#include <map>
#include <string>
#include <vector>

namespace segc {

class Block;
struct EmulatedThread;

/// An mbarrier. Its phases end when all arrivals and all expected bytes of
/// copies have come.
struct Mbarrier {
  static constexpr uint32_t bytes = 8;

  uint32_t at = 0; ///< In shared memory.
  uint32_t count = 0, pending = 0;
  int64_t missingBytes = 0;       ///< Expected, but not copied.
  uint64_t phase = 0;             ///< That has not ended.
  bool isFenced = false;          ///< Whether copies may use it.
  uint32_t initializer = 0;       ///< The thread that has initialised it.
  uint32_t waiting = 0;           ///< Threads.
  uint32_t agent = 0;             ///< That copies for it.
  std::vector<TensorCopy> copies; ///< Under way.
  /// What arrivals of this phase, and of the last, have released.
  ThreadOrder::Release released, completed;

  std::string describe() const;
  /// What the phase lacks.
  std::string describeMissing() const;
};

/// The mbarriers of a block, by their addresses in shared memory.
class Mbarriers {
public:
  static constexpr uint32_t alignment = 8;

  void clear() { all.clear(); }
  /// Returns the mbarrier at an address; null if there is none.
  Mbarrier *find(uint32_t at);
  /// Returns an mbarrier that shares bytes with a piece of memory.
  const Mbarrier *overlapping(uint32_t at, uint32_t bytes) const;
  Mbarrier &add(uint32_t at) { return all[at]; }
  void erase(uint32_t at) { all.erase(at); }
  /// Those that a thread has initialised may be used by copies from now on.
  void fenceInitialized(uint32_t thread);
  /// An mbarrier with copies under way; null if there is none.
  const Mbarrier *unfinished() const;

private:
  std::map<uint32_t, Mbarrier> all;
};

/// Ends the phase if nothing is missing. Copies that are under way are done if
/// somebody waits for them, or at once where copies are not late.
void settle(Block &block, Mbarrier &mbarrier);
/// Returns the mbarrier at an address that the thread may use.
Mbarrier &mbarrierAt(EmulatedThread &thread, const void *address,
                     const char *op);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_MBARRIERS_H
