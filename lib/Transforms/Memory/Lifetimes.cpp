//===- Lifetimes.cpp - Lifetimes of values for an order of kernels --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/KernelGraph.h"

#include <numeric>

namespace segc {

KernelOrder programOrder(const KernelGraph &graph) {
  KernelOrder order(graph.kernels.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

llvm::SmallVector<int, 8> KernelGraph::predecessors(int kernel) const {
  llvm::SmallVector<int, 8> result(kernels[kernel].after.begin(),
                                   kernels[kernel].after.end());
  for (int input : kernels[kernel].inputs)
    if (input >= 0)
      result.push_back(values[input].producer);
  return result;
}

/// The interval of an operand whose last use this is and that may be
/// overwritten.
int Lifetimes::dyingOperand(const KernelGraph &graph, int kernel, int result,
                            int tick, llvm::ArrayRef<int> lastUse) const {
  for (auto [input, output] : graph.kernels[kernel].inPlace) {
    int interval = valueInterval[input];
    // A part of an interval is not the result's.
    if (graph.kernels[graph.values[input].producer].adjacentResults)
      continue;
    if (output == result && interval >= 0 && lastUse[input] == tick &&
        intervals[interval].last == tick && takenAt[interval] < tick)
      return interval;
  }
  return -1;
}

Lifetimes::Lifetimes(const KernelGraph &graph, const KernelOrder &order,
                     bool inPlace)
    : valueInterval(graph.values.size(), -1),
      valueOffset(graph.values.size(), 0),
      temporaryInterval(graph.kernels.size(), -1), ticks(order.size()) {
  llvm::SmallVector<int> lastUse(graph.values.size(), -1);
  for (int tick = 0; tick < static_cast<int>(ticks); ++tick)
    for (int input : graph.kernels[order[tick]].inputs)
      if (input >= 0)
        lastUse[input] = tick;
  for (int tick = 0; tick < static_cast<int>(ticks); ++tick) {
    const KernelGraph::Kernel &kernel = graph.kernels[order[tick]];
    int shared = -1; // The interval of adjacent results.
    for (int result : kernel.results) {
      const KernelGraph::Value &value = graph.values[result];
      if (!value.inArena)
        continue;
      int last = std::max(lastUse[result], tick);
      if (shared >= 0) {
        ArenaInterval &all = intervals[shared];
        valueOffset[result] = arenaAligned(all.bytes);
        valueInterval[result] = shared;
        all.bytes = valueOffset[result] + value.bytes;
        all.last = std::max(all.last, last);
        continue;
      }
      int interval =
          inPlace ? dyingOperand(graph, order[tick], result, tick, lastUse)
                  : -1;
      if (interval >= 0) {
        // A second result of this kernel must not share it.
        takenAt[interval] = tick;
        intervals[interval].last = last;
        ++inPlaceCount;
      } else {
        interval = intervals.size();
        intervals.push_back({value.bytes, tick, last});
        takenAt.push_back(-1);
      }
      valueInterval[result] = interval;
      if (kernel.adjacentResults)
        shared = interval;
    }
    if (kernel.temporary > 0) {
      temporaryInterval[order[tick]] = intervals.size();
      intervals.push_back({kernel.temporary, tick, tick});
      takenAt.push_back(tick);
    }
  }
}

llvm::SmallVector<int64_t> Lifetimes::alive() const {
  llvm::SmallVector<int64_t> bytes(ticks + 1, 0);
  for (const ArenaInterval &interval : intervals) {
    bytes[interval.first] += arenaAligned(interval.bytes);
    bytes[interval.last + 1] -= arenaAligned(interval.bytes);
  }
  std::partial_sum(bytes.begin(), bytes.end(), bytes.begin());
  bytes.pop_back();
  return bytes;
}

int64_t plannedBytes(const KernelGraph &graph, const KernelOrder &order,
                     bool inPlace) {
  return planArena(Lifetimes(graph, order, inPlace).intervals).bytes;
}

} // namespace segc
