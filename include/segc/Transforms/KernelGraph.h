//===- KernelGraph.h - The memory of an entry, as numbers -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What scheduling, rematerialisation and the memory planner share. They try
// many orders and copies of kernels, and decide by the same lifetimes that the
// planner then places: a graph of numbers is copied and measured in
// microseconds.

#ifndef SEGC_TRANSFORMS_KERNELGRAPH_H
#define SEGC_TRANSFORMS_KERNELGRAPH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Transforms/ArenaPlan.h"
#include "llvm/ADT/SmallVector.h"

namespace segc {

/// Kernels by their position in the program, copies after them; values by the
/// order in which kernels list them.
struct KernelGraph {
  struct Value {
    int64_t bytes = 0;
    int producer = 0;
    bool inArena = true; ///< False: it is a result of the entry.
  };
  struct Kernel {
    llvm::SmallVector<int, 4> inputs; ///< -1: comes from outside.
    llvm::SmallVector<int, 2> results;
    int64_t temporary = 0; ///< Bytes needed only while it runs.
    /// (input value, result) that may share bytes, if the input dies here.
    llvm::SmallVector<std::pair<int, int>, 2> inPlace;
    /// Kernels that come first though this one reads none of their results:
    /// they read an argument that it overwrites.
    llvm::SmallVector<int, 1> after;
    /// True if a second run reads and writes what the first did.
    bool repeatable = true;
    int copyOf = -1; ///< Kernel of the program.
  };
  llvm::SmallVector<Value> values;
  llvm::SmallVector<Kernel> kernels;

  /// Kernels that must run before this one.
  llvm::SmallVector<int, 8> predecessors(int kernel) const;
};

using KernelOrder = llvm::SmallVector<int>;

/// The order of the program.
KernelOrder programOrder(const KernelGraph &graph);

/// The graph of an entry of seg.fusion ops with strategies.
KernelGraph readKernelGraph(mlir::func::FuncOp entry);

/// Gives the entry the kernels of a graph that was read from it and extended
/// by copies, in this order.
void applyKernelOrder(mlir::func::FuncOp entry, const KernelGraph &graph,
                      const KernelOrder &order);

/// When the kernels' values and temporaries need memory, and which share it.
class Lifetimes {
public:
  Lifetimes(const KernelGraph &graph, const KernelOrder &order, bool inPlace);

  /// What an ArenaPlan places. Ticks are positions in the order.
  llvm::SmallVector<ArenaInterval> intervals;
  llvm::SmallVector<int> valueInterval;     ///< By value; -1: not in the arena.
  llvm::SmallVector<int> temporaryInterval; ///< By kernel; -1: none.
  int64_t inPlaceCount = 0;

  /// Bytes alive at each tick.
  llvm::SmallVector<int64_t> alive() const;
  /// The most of them: no plan needs less.
  int64_t bound() const { return arenaBound(intervals); }

private:
  int dyingOperand(const KernelGraph &graph, int kernel, int result, int tick,
                   llvm::ArrayRef<int> lastUse) const;
  size_t ticks;
  llvm::SmallVector<int> takenAt; ///< By interval: tick of the last sharing.
};

/// Bytes of the arena that the planner makes of an order.
int64_t plannedBytes(const KernelGraph &graph, const KernelOrder &order,
                     bool inPlace);

} // namespace segc

#endif // SEGC_TRANSFORMS_KERNELGRAPH_H
