//===- RecomputeSearch.h - Which kernels to run twice -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_MEMORY_RECOMPUTESEARCH_H
#define SEGC_LIB_TRANSFORMS_MEMORY_RECOMPUTESEARCH_H

#include "segc/Transforms/KernelGraph.h"
#include <optional>

namespace segc {

/// An entry some of whose kernels run again.
struct RecomputeChoice {
  KernelGraph graph;
  KernelOrder order;
  double seconds = 0;               ///< Modelled, of the copies.
  llvm::SmallVector<int64_t> alive; ///< Bytes, at each tick.
  int64_t bound = 0;                ///< The most of them.
};

/// Trades time for memory, one step after the other: values that lie idle
/// while memory is short are dropped and computed again before their next
/// use. The steps depend on the entry alone, never on what is asked for: a
/// smaller budget takes a prefix that is longer, or the same.
class RecomputeSearch {
public:
  /// `seconds`: modelled time of each kernel.
  RecomputeSearch(const KernelGraph &graph, KernelOrder order,
                  llvm::ArrayRef<double> seconds, bool inPlace);

  const RecomputeChoice &current() const { return plan; }
  /// Bytes of the arena that the planner makes of the current plan.
  int64_t plannedBytes() const {
    return segc::plannedBytes(plan.graph, plan.order, inPlace);
  }
  /// Takes the next step; false if nothing is left to drop, or if the search
  /// has cost as much as it may.
  bool advance();
  /// Goes on until the planned arena is at most `bytes` large, and returns its
  /// size; none if that cannot be reached.
  std::optional<int64_t> reach(int64_t bytes);
  /// Goes on while the copies take at most `most` seconds, back to the first
  /// step of the least bound.
  void spend(double most);

private:
  /// Value, and the tick before whose kernel it is computed again.
  struct Gap {
    int value, next;
  };
  llvm::SmallVector<Gap> gapsAtPeak() const;
  std::optional<RecomputeChoice> dropped(Gap gap, bool chain,
                                       llvm::ArrayRef<int> lastUse);
  void measure(RecomputeChoice &candidate) const;
  bool addCopies(int kernel, int tick, bool chain, llvm::ArrayRef<int> lastUse,
                 llvm::SmallVectorImpl<int> &kernels) const;
  bool mayAddCopies(size_t count) const;

  bool inPlace;
  llvm::SmallVector<double> seconds;
  RecomputeChoice plan;
  /// Kernels of all plans that were tried: what the search has cost.
  int64_t tried = 0;
  int64_t limit = int64_t{1} << 27; ///< Of them.
};

/// Searches from two orders: the schedule's, whose bound is the least before
/// any value is dropped, but whose late filter gradients hold their operands or
/// have them computed again; and that of results as soon as they can be had.
/// The one that takes less time counts, so less memory never takes less time.
class RecomputeSearches {
public:
  RecomputeSearches(const KernelGraph &graph, llvm::ArrayRef<double> seconds,
                    bool inPlace);

  const RecomputeChoice &current() const { return searches[chosen].current(); }
  int64_t plannedBytes() const { return searches[chosen].plannedBytes(); }
  /// As of one search; none, and the search that comes nearest is current, if
  /// no search gets there.
  std::optional<int64_t> reach(int64_t bytes);
  /// As of one search; the least bound counts.
  void spend(double most);

private:
  llvm::SmallVector<RecomputeSearch, 2> searches;
  size_t chosen = 0;
};

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_RECOMPUTESEARCH_H
