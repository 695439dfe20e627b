//===- RecomputeSearch.h - Search for kernels to recompute ------*- C++ -*-===//
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

/// A plan with recomputed kernels.
struct RecomputeChoice {
  KernelGraph graph;
  KernelOrder order;
  double seconds = 0;                    ///< Modelled seconds of the copies.
  llvm::SmallVector<int64_t> alive = {}; ///< Live bytes at each tick.
  int64_t bound = 0;                     ///< The largest number of live bytes.
};

/// Trades time for memory in steps. Each step drops a value that is not
/// accessed while memory is high, and recomputes it before its next use. The
/// sequence of steps depends only on the entry, not on the budget: a smaller
/// budget takes a longer or equal prefix of it.
class RecomputeSearch {
public:
  /// `seconds` is the modelled time of each kernel.
  RecomputeSearch(const KernelGraph &graph, KernelOrder order,
                  llvm::ArrayRef<double> seconds, bool inPlace);

  const RecomputeChoice &current() const { return plan; }
  /// Size of the arena that the planner finds for the current plan.
  int64_t plannedBytes() const {
    return segc::plannedBytes(plan.graph, plan.order, inPlace);
  }
  /// Takes the next step. Returns false if no value can be dropped or the limit
  /// on the cost is reached.
  bool advance();
  /// Takes steps until the planned arena is at most `bytes` large. Returns its
  /// size, or nothing if that is impossible.
  std::optional<int64_t> reach(int64_t bytes);
  /// Takes steps while the copies take at most `most` seconds, then returns to
  /// the first step with the lowest bound.
  void spend(double most);

private:
  /// A value and the tick before whose kernel it is recomputed.
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
  /// Kernels of all plans that were tried, the cost of the search.
  int64_t tried = 0;
  int64_t limit = int64_t{1} << 27; ///< Limit on `tried`.
};

/// Searches from two orders and takes the cheaper result, so that less memory
/// never takes less time. The scheduled order has the lowest bound before any
/// value is dropped, but its late filter gradients keep their operands live or
/// recompute them. The other order computes results as soon as possible.
class RecomputeSearches {
public:
  RecomputeSearches(const KernelGraph &graph, llvm::ArrayRef<double> seconds,
                    bool inPlace);

  const RecomputeChoice &current() const { return searches[chosen].current(); }
  int64_t plannedBytes() const { return searches[chosen].plannedBytes(); }
  /// Like RecomputeSearch::reach. If no search reaches the budget, the closest
  /// one becomes current.
  std::optional<int64_t> reach(int64_t bytes);
  /// Like RecomputeSearch::spend, with the lower bound of both.
  void spend(double most);

private:
  llvm::SmallVector<RecomputeSearch, 2> searches;
  size_t chosen = 0;
};

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_RECOMPUTESEARCH_H
