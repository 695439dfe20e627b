//===- Rematerialize.cpp - Recomputation of kernels to save memory --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeakMemory.h"
#include "RecomputeSearch.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "segc/Transforms/UserLimits.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_REMATERIALIZEPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Without a budget, recomputation must save at least this fraction of the
/// arena.
constexpr int64_t minSaving = 16;

/// Modelled seconds of each kernel of the entry on one core.
SmallVector<double> kernelSeconds(func::FuncOp entry, const Target &target) {
  SmallVector<double> seconds;
  for (auto step : entry.getOps<seg::ScheduledOpInterface>())
    seconds.push_back(target.backend->seconds(step, *target.version));
  return seconds;
}

struct RematerializePass
    : segc::impl::RematerializePassBase<RematerializePass> {
  using RematerializePassBase::RematerializePassBase;

  void runOnOperation() override {
    FailureOr<Target> compiledFor = resolveTarget(getOperation(), target);
    if (failed(compiledFor))
      return signalPassFailure();
    KernelGraph graph = readKernelGraph(getOperation());
    SmallVector<double> seconds = kernelSeconds(getOperation(), *compiledFor);
    RecomputeSearches search(graph, seconds, inPlace);
    int64_t before = search.plannedBytes(), arena = before;
    if (table)
      listSteps(graph, RecomputeSearches(search), before);
    double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    search.spend(total * share / 100);
    if (search.current().order != programOrder(graph))
      arena = search.plannedBytes();
    if (before - arena < before / minSaving) {
      search = RecomputeSearches(graph, seconds, inPlace);
      arena = before;
    }
    if (budget >= 0 && arena > budget) {
      std::optional<int64_t> reached = search.reach(budget);
      if (!reached) {
        refuse(search);
        return signalPassFailure();
      }
      arena = *reached;
    }
    if (search.current().order != programOrder(graph))
      apply(graph, search.current(), before, arena);
  }

private:
  void listSteps(const KernelGraph &graph, RecomputeSearches search,
                 int64_t arena);
  void apply(const KernelGraph &graph, const RecomputeChoice &plan,
             int64_t before, int64_t after);
  void refuse(const RecomputeSearches &search);
};

/// Lists the price of less memory, in steps of about a tenth.
void RematerializePass::listSteps(const KernelGraph &graph,
                                  RecomputeSearches search, int64_t arena) {
  SmallVector<int64_t> steps;
  std::optional<int64_t> bytes = arena;
  while (bytes) {
    auto nanoseconds =
        static_cast<int64_t>(std::llround(search.current().seconds * 1e9));
    steps.append({*bytes, nanoseconds});
    remark::analysis(getOperation().getLoc(),
                     remarkOpts("less-memory", "memory", getOperation()))
        << remark::add(
               "{0}: {1} kernels run again", getOperation().getSymName(),
               search.current().graph.kernels.size() - graph.kernels.size())
        << remark::metric("arena_bytes", *bytes)
        << remark::metric("extra_ms", search.current().seconds * 1e3)
        << remark::metric("entry", getOperation().getSymName());
    int64_t less = *bytes - *bytes / 10;
    bytes = less < *bytes ? search.reach(less) : std::nullopt;
  }
  getOperation()->setAttr(memoryStepsAttrName,
                          DenseI64ArrayAttr::get(&getContext(), steps));
}

void RematerializePass::apply(const KernelGraph &graph,
                              const RecomputeChoice &plan, int64_t before,
                              int64_t after) {
  size_t count = plan.graph.kernels.size() - graph.kernels.size();
  if (!mayDecide<MemoryDecision>(getOperation(), [&] {
        return std::to_string(count) + " kernels run again";
      }))
    return;
  copies += count;
  applyKernelOrder(getOperation(), plan.graph, plan.order);
  remark::passed(getOperation().getLoc(),
                 remarkOpts("recomputed", "memory", getOperation()))
      << remark::add("{0}: {1} kernels run again", getOperation().getSymName(),
                     count)
      << remark::metric("bytes_before", before)
      << remark::metric("arena_bytes", after)
      << remark::metric("extra_ms", plan.seconds * 1e3)
      << remark::metric("entry", getOperation().getSymName());
}

void RematerializePass::refuse(const RecomputeSearches &search) {
  constexpr size_t namedTensors = 6;
  // The error lists the peak tensors of the entry with the smallest arena.
  applyKernelOrder(getOperation(), search.current().graph,
                   search.current().order);
  KernelGraph graph = readKernelGraph(getOperation());
  Lifetimes lifetimes(graph, programOrder(graph), inPlace);
  InFlightDiagnostic error =
      mlir::emitError(getOperation().getLoc(), "'")
      << getOperation().getSymName() << "' needs an arena of at least "
      << search.plannedBytes() << " bytes, however much is computed again; "
      << "--fit-memory allows " << static_cast<int64_t>(budget);
  markUserLimit(error, search.plannedBytes());
  auto tensors = peakTensors(getOperation(), graph, lifetimes);
  for (const PeakTensor &tensor : ArrayRef(tensors).take_front(namedTensors))
    error.attachNote(tensor.location)
        << "alive at the peak: " << tensor.bytes << " bytes, " << tensor.name;
}

} // namespace
