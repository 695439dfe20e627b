//===- PlanMemory.cpp - Memory plan of an entry ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeakMemory.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/KernelGraph.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct PlanMemoryPass : segc::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using PlanMemoryPassBase::PlanMemoryPassBase;

  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    KernelGraph graph = readKernelGraph(entry);
    if (inPlace)
      withholdInPlace(graph);
    Lifetimes lifetimes(graph, programOrder(graph), inPlace);
    ArenaPlan plan = planArena(lifetimes.intervals, reuse);
    assert(checkArenaPlan(lifetimes.intervals, plan).empty() &&
           "the planner broke its plan");
    setOffsets(graph, lifetimes, plan);
    inPlaceCount += lifetimes.inPlaceCount;

    Builder b(&getContext());
    entry->setAttr(arenaAttrName, b.getI64IntegerAttr(plan.bytes));
    entry->setAttr(arenaBoundAttrName, b.getI64IntegerAttr(plan.bound));
    remarkPeak(graph, lifetimes);
  }

private:
  /// Removes in-place candidates that --fuel rejects.
  void withholdInPlace(KernelGraph &graph) {
    for (auto [i, step] :
         llvm::enumerate(getOperation().getOps<seg::ScheduledOpInterface>()))
      if (!graph.kernels[i].inPlace.empty() &&
          !mayDecide<MemoryDecision>(step, [i = i] {
            return "kernel " + std::to_string(i) + " in place";
          }))
        graph.kernels[i].inPlace.clear();
  }
  void setOffsets(const KernelGraph &graph, const Lifetimes &lifetimes,
                  const ArenaPlan &plan);
  void remarkPeak(const KernelGraph &graph, const Lifetimes &lifetimes);
};

void PlanMemoryPass::setOffsets(const KernelGraph &graph,
                                const Lifetimes &lifetimes,
                                const ArenaPlan &plan) {
  for (auto [i, step] :
       llvm::enumerate(getOperation().getOps<seg::ScheduledOpInterface>())) {
    SmallVector<int64_t> offsets;
    for (int result : graph.kernels[i].results) {
      int interval = lifetimes.valueInterval[result];
      offsets.push_back(interval < 0 ? -1
                                     : plan.offsets[interval] +
                                           lifetimes.valueOffset[result]);
    }
    std::optional<int64_t> workspace;
    if (int interval = lifetimes.temporaryInterval[i]; interval >= 0)
      workspace = plan.offsets[interval];
    step.setPlaces(offsets, workspace);
  }
}

void PlanMemoryPass::remarkPeak(const KernelGraph &graph,
                                const Lifetimes &lifetimes) {
  if (!getContext().getRemarkEngine())
    return;
  LayerNames layers(getOperation());
  for (PeakTensor &tensor : peakTensors(getOperation(), graph, lifetimes)) {
    remark::detail::InFlightRemark remark = remark::analysis(
        tensor.location, remarkOpts("peak", "memory", getOperation()));
    remark << remark::add("{0}: {1}", getOperation().getSymName(), tensor.name)
           << remark::metric("bytes", tensor.bytes)
           << remark::metric("first_kernel", tensor.first)
           << remark::metric("last_kernel", tensor.last);
    if (tensor.step.getWrites().size() > 1 && tensor.result >= 0)
      remark << remark::metric("result", tensor.result);
    addPlace(remark, tensor.step, layers);
  }
}

} // namespace
