//===- KernelGraph.h - Graph of an entry's kernels and values ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Scheduling, rematerialization and the memory planner share this graph. They
// try many orders and copies of kernels and compare them by the lifetimes that
// the planner then places. A graph of numbers is copied and measured in
// microseconds.

#ifndef SEGC_TRANSFORMS_KERNELGRAPH_H
#define SEGC_TRANSFORMS_KERNELGRAPH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Transforms/ArenaPlan.h"
#include "llvm/ADT/SmallVector.h"

namespace segc {

/// Kernels have their position in the program as their index, followed by
/// copies. Values are numbered in the order of the kernels that list them.
struct KernelGraph {
  struct Value {
    int64_t bytes = 0;
    int producer = 0;
    bool inArena = true; ///< False for results of the entry.
  };
  struct Kernel {
    llvm::SmallVector<int, 4> inputs; ///< -1: an argument of the entry.
    llvm::SmallVector<int, 2> results;
    int64_t temporary = 0; ///< Bytes that are live only while the kernel runs.
    /// Pairs (input value, result) that may share a buffer if this is the last
    /// use of the input.
    llvm::SmallVector<std::pair<int, int>, 2> inPlace;
    /// Kernels that must run before this one although it reads none of their
    /// results: they read an argument that it overwrites.
    llvm::SmallVector<int, 1> after;
    /// Results lie next to one another, in their order.
    bool adjacentResults = false;
    /// True if a second run computes the same results.
    bool repeatable = true;
    int copyOf = -1; ///< The original of a copy; -1 for a kernel of the
                     ///< program.
  };
  llvm::SmallVector<Value> values;
  llvm::SmallVector<Kernel> kernels;

  /// Kernels that must run before this one.
  llvm::SmallVector<int, 8> predecessors(int kernel) const;
};

using KernelOrder = llvm::SmallVector<int>;

/// The order of the program.
KernelOrder programOrder(const KernelGraph &graph);

/// The graph of the entry's scheduled ops; fusions among them have strategies.
KernelGraph readKernelGraph(mlir::func::FuncOp entry);

/// Rewrites the entry to the kernels of a graph that was read from it and
/// extended by copies, in this order.
void applyKernelOrder(mlir::func::FuncOp entry, const KernelGraph &graph,
                      const KernelOrder &order);

/// Lifetimes of values and temporaries for an order of kernels, and the buffers
/// that they share.
class Lifetimes {
public:
  Lifetimes(const KernelGraph &graph, const KernelOrder &order, bool inPlace);

  /// Intervals of an ArenaPlan. Ticks are positions in the order.
  llvm::SmallVector<ArenaInterval> intervals;
  llvm::SmallVector<int> valueInterval;     ///< Interval of each value; -1: not
                                            ///< in the arena.
  llvm::SmallVector<int64_t> valueOffset;   ///< Of each value, in its interval.
  llvm::SmallVector<int> temporaryInterval; ///< Interval of each kernel's
                                            ///< temporary; -1: none.
  int64_t inPlaceCount = 0;

  /// Bytes that are live at each tick.
  llvm::SmallVector<int64_t> alive() const;
  /// The largest number of live bytes, a lower bound of every plan.
  int64_t bound() const { return arenaBound(intervals); }

private:
  int dyingOperand(const KernelGraph &graph, int kernel, int result, int tick,
                   llvm::ArrayRef<int> lastUse) const;
  size_t ticks;
  llvm::SmallVector<int> takenAt; ///< Tick at which each interval was last
                                  ///< shared.
};

/// Size of the arena that the planner finds for an order.
int64_t plannedBytes(const KernelGraph &graph, const KernelOrder &order,
                     bool inPlace);

} // namespace segc

#endif // SEGC_TRANSFORMS_KERNELGRAPH_H
