//===- Wgmma.h - Products of tiles by warpgroups ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_WGMMA_H
#define SEGC_LIB_RUNTIME_EMULATOR_WGMMA_H

#include "ThreadOrder.h"
#include "WgmmaTiles.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace segc {

/// The 128 threads of four warps, which issue wgmma together.
struct Warpgroup {
  static constexpr uint32_t threads = 128;

  /// A product or the end of a group, which some threads have issued.
  struct Issue {
    bool isCommit = false;
    WgmmaProduct product;
    uint32_t arrived = 0;
    uint32_t firstThread = 0; ///< That has issued it.
    ThreadOrder::Release threads;
  };
  struct Group {
    std::vector<WgmmaProduct> products; ///< That are not done.
    ThreadOrder::Release reads;
  };

  uint32_t agent = 0;       ///< That reads the factors; 0: none yet.
  std::deque<Issue> issues; ///< Which not all threads have issued.
  uint64_t issued = 0;      ///< Number of those before.
  std::deque<Group> groups; ///< Committed, but not waited for by all threads.
  uint64_t committed = 0;   ///< Number of groups ever.
  std::vector<WgmmaProduct> open; ///< Of no group yet.
  /// The newest first; older ones are no longer used.
  std::deque<std::shared_ptr<WgmmaAccumulators>> accumulators;
};

/// A thread's part in wgmma.
struct WgmmaThread {
  uint64_t issued = 0;    ///< Products and ends of groups.
  uint64_t committed = 0; ///< Groups.
  uint64_t finished = 0;  ///< Groups that it has waited for.
  /// Whether a wgmma.fence came after the last wait and the last use of
  /// accumulators.
  bool isFenced = false;
  bool hasUsedRegisters = false; ///< Of accumulators, since then.

  void fence() {
    isFenced = true;
    hasUsedRegisters = false;
  }
};

/// What a block that ends has left undone; empty: nothing.
std::string describeUnfinished(const Warpgroup &group);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_WGMMA_H
