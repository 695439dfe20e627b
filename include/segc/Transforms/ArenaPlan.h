//===- ArenaPlan.h - Memory plan of an arena --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_ARENAPLAN_H
#define SEGC_TRANSFORMS_ARENAPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Every offset and size in the arena is a multiple of this many bytes.
inline constexpr int64_t arenaAlignment = 64;
inline int64_t arenaAligned(int64_t bytes) {
  return llvm::alignTo(bytes, arenaAlignment);
}

/// Memory that is live from tick `first` to tick `last`, both included.
struct ArenaInterval {
  int64_t bytes = 0;
  int first = 0, last = 0;
};

/// The largest number of bytes that are live at one tick, a lower bound of
/// every plan.
int64_t arenaBound(llvm::ArrayRef<ArenaInterval> intervals);

struct ArenaPlan {
  std::vector<int64_t> offsets;
  int64_t bytes = 0; ///< Size of the arena.
  int64_t bound = 0; ///< The largest number of bytes that are live at one tick.
};

/// Best fit (Pisarchyk, Lee, arXiv 2001.03288) in the orders size, lifetime,
/// size times lifetime and first tick; from each of them, the best first, a
/// short search over orders, until the bound is met. The smallest arena is
/// returned. For some thousand intervals only the order of the first tick is
/// used. Without `reuse` intervals follow one another.
ArenaPlan planArena(llvm::ArrayRef<ArenaInterval> intervals, bool reuse = true);

/// Checks a plan independently: alignment, size, and that no two intervals
/// share a tick and bytes. Returns an error message, empty for a valid plan.
std::string checkArenaPlan(llvm::ArrayRef<ArenaInterval> intervals,
                           const ArenaPlan &plan);

} // namespace segc

#endif // SEGC_TRANSFORMS_ARENAPLAN_H
