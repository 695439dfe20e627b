//===- GlobalAccesses.h - What a block reads and writes ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_GLOBALACCESSES_H
#define SEGC_LIB_RUNTIME_EMULATOR_GLOBALACCESSES_H

#include "segc/Base/KernelCounts.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace segc {

/// Counts the accesses of a block to global memory, where that is wanted.
class GlobalAccesses {
public:
  /// Begins a block; null: nothing is counted.
  void begin(KernelCounts *newCounts);
  bool areCounted() const { return counts != nullptr; }
  /// Notes an access of a thread. `op` is the operation's own text.
  void note(uint32_t thread, const char *op, const void *address,
            uint64_t bytes, bool isStore);
  /// Notes pieces that no warp shares.
  void noteAlone(const void *address, uint64_t bytes, bool isStore);
  /// Adds what the lanes of warps have accessed together.
  void end();

private:
  /// The first sector of an access and one behind its last.
  using Sectors = std::pair<uint64_t, uint64_t>;
  /// Of the n-th time that lanes of a warp came to an operation.
  struct WarpAccess {
    std::vector<Sectors> lanes;
    bool isStore = false;
  };
  void add(WarpAccess &access);

  KernelCounts *counts = nullptr;
  /// How often a thread came to an operation.
  std::map<std::pair<uint32_t, const char *>, uint64_t> visits;
  std::map<std::tuple<uint32_t, const char *, uint64_t>, WarpAccess> accesses;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_GLOBALACCESSES_H
