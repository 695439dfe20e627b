//===- Schedule.cpp - The order of an entry's kernels ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelOrders.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SCHEDULEPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct Candidate {
  StringRef name;
  KernelOrder order;
  int64_t bound;
};

struct SchedulePass : segc::impl::SchedulePassBase<SchedulePass> {
  using SchedulePassBase::SchedulePassBase;

  void runOnOperation() override {
    KernelGraph graph = readKernelGraph(getOperation());
    if (graph.kernels.empty())
      return;
    if (auto circle = contradiction(graph)) {
      getOperation().emitOpError("has no order of its kernels: ")
          << circle->first << " and " << circle->second
          << " must each come before the other, for what one of them "
             "overwrites the other reads";
      return signalPassFailure();
    }
    std::vector<Candidate> orders = candidates(graph);
    size_t chosen = choose(graph, orders);
    if (chosen != 0 && !mayDecide<MemoryDecision>(getOperation(), [&] {
          return ("order '" + orders[chosen].name + "'").str();
        }))
      chosen = 0;
    for (const Candidate &candidate : orders)
      report(candidate, orders[chosen]);
    if (chosen == 0)
      return;
    ++reordered;
    applyKernelOrder(getOperation(), graph, orders[chosen].order);
  }

private:
  std::vector<Candidate> candidates(const KernelGraph &graph);
  size_t choose(const KernelGraph &graph, ArrayRef<Candidate> orders);
  void report(const Candidate &candidate, const Candidate &chosen);
};

std::vector<Candidate> SchedulePass::candidates(const KernelGraph &graph) {
  std::vector<Candidate> orders;
  auto add = [&](StringRef name, KernelOrder order) {
    int64_t bound = Lifetimes(graph, order, inPlace).bound();
    orders.push_back({name, std::move(order), bound});
  };
  add("program", programOrder(graph));
  add("depth-first", depthFirstOrder(graph));
  add("early-results", earlyResultsOrder(graph));
  add("greedy", greedyOrder(graph));
  add("backward-greedy", backwardGreedyOrder(graph));
  // Improves the best two, because the best start does not always lead to the
  // best result.
  auto starts = llvm::to_vector(llvm::seq<size_t>(0, orders.size()));
  llvm::stable_sort(starts, [&](size_t a, size_t b) {
    return orders[a].bound < orders[b].bound;
  });
  add("improved", improvedOrder(graph, orders[starts[0]].order, inPlace));
  add("improved-second",
      improvedOrder(graph, orders[starts[1]].order, inPlace));
  return orders;
}

/// Chooses the order with the lowest bound, then the smallest arena, then the
/// first.
size_t SchedulePass::choose(const KernelGraph &graph,
                            ArrayRef<Candidate> orders) {
  int64_t bound = llvm::min_element(orders, [](const auto &a, const auto &b) {
                    return a.bound < b.bound;
                  })->bound;
  size_t chosen = orders.size();
  int64_t least = 0;
  for (auto [i, candidate] : llvm::enumerate(orders)) {
    if (candidate.bound != bound)
      continue;
    int64_t bytes = plannedBytes(graph, candidate.order, inPlace);
    if (chosen == orders.size() || bytes < least) {
      chosen = i;
      least = bytes;
    }
    if (least == bound)
      break;
  }
  return chosen;
}

void SchedulePass::report(const Candidate &candidate, const Candidate &chosen) {
  bool taken = &candidate == &chosen;
  auto options =
      remarkOpts(taken ? "order" : "order-not-taken", "memory", getOperation());
  Location where = getOperation().getLoc();
  auto remark =
      taken ? remark::passed(where, options) : remark::missed(where, options);
  remark << remark::add("{0}: {1}", getOperation().getSymName(), candidate.name)
         << remark::metric("bound_bytes", candidate.bound)
         << remark::metric("entry", getOperation().getSymName());
  if (candidate.bound > chosen.bound)
    remark << remark::reason("more bytes are alive at one time");
  else if (!taken)
    remark << remark::reason("the arena is no smaller than that of '{0}'",
                             chosen.name);
}

} // namespace
