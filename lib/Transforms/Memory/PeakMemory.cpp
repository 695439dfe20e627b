//===- PeakMemory.cpp - Live values at the peak of memory -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeakMemory.h"
#include "segc/Base/StableSort.h"

using namespace mlir;

namespace segc {

/// The op that computes a result of the step; its main op for the workspace.
static Operation *sourceOf(seg::ScheduledOpInterface step, int result) {
  return result < 0 ? step.getMainOp() : step.getSource(result);
}

std::vector<PeakTensor> peakTensors(func::FuncOp entry,
                                    const KernelGraph &graph,
                                    const Lifetimes &lifetimes) {
  auto alive = lifetimes.alive();
  int peak = std::max_element(alive.begin(), alive.end()) - alive.begin();
  std::vector<PeakTensor> tensors;
  llvm::SmallDenseSet<int> named;
  auto add = [&](int interval, seg::ScheduledOpInterface step, int result) {
    if (interval < 0 || !named.insert(interval).second)
      return;
    const ArenaInterval &life = lifetimes.intervals[interval];
    if (life.first > peak || life.last < peak)
      return;
    Operation *source = sourceOf(step, result);
    std::string name;
    llvm::raw_string_ostream stream(name);
    if (result >= 0)
      stream << step.getWrites()[result].getType();
    else
      stream << "temporary";
    stream << " of " << source->getName();
    tensors.push_back({name, source->getLoc(), step, result, life.bytes,
                       life.first, life.last});
  };
  for (auto [i, step] :
       llvm::enumerate(entry.getOps<seg::ScheduledOpInterface>())) {
    for (auto [j, result] : llvm::enumerate(graph.kernels[i].results))
      add(lifetimes.valueInterval[result], step, j);
    add(lifetimes.temporaryInterval[i], step, -1);
  }
  stableSort(tensors, [](const PeakTensor &a, const PeakTensor &b) {
    return a.bytes > b.bytes;
  });
  return tensors;
}

} // namespace segc
