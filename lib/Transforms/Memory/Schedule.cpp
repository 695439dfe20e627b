//===- Schedule.cpp - The order of an entry's kernels ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Collectives/ExposedCommunication.h"
#include "KernelOrders.h"
#include "segc/Base/StableSort.h"
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
  /// Microseconds that ranks wait for gradients, where there are any.
  std::optional<double> exposed = {};
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
    if (ranks > 0 && failed(addCommunication(orders)))
      return signalPassFailure();
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
  LogicalResult addCommunication(std::vector<Candidate> &orders);
  size_t choose(const KernelGraph &graph, ArrayRef<Candidate> orders);
  void report(const Candidate &candidate, const Candidate &chosen);
};

} // namespace

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
  stableSort(starts, [&](size_t a, size_t b) {
    return orders[a].bound < orders[b].bound;
  });
  add("improved", improvedOrder(graph, orders[starts[0]].order, inPlace));
  add("improved-second",
      improvedOrder(graph, orders[starts[1]].order, inPlace));
  return orders;
}

LogicalResult SchedulePass::addCommunication(std::vector<Candidate> &orders) {
  llvm::Expected<Target> compiledFor = resolveTarget(target);
  if (!compiledFor)
    return getOperation().emitError()
           << llvm::toString(compiledFor.takeError());
  llvm::Expected<Link> connection = linkFor(*compiledFor, link, ranks);
  if (!connection)
    return getOperation().emitError() << llvm::toString(connection.takeError());
  ExposedCommunication communication(
      getOperation(), *compiledFor,
      threads > 0 ? static_cast<double>(threads) : 1, *connection);
  for (Candidate &candidate : orders)
    if (communication.hasGradients())
      candidate.exposed =
          std::round(communication.seconds(candidate.order) * 1e6);
  return success();
}

/// Chooses the order with the lowest bound, then the smallest arena, then the
/// first; where ranks wait for gradients, the one with which they wait least,
/// within the memory that it may cost.
size_t SchedulePass::choose(const KernelGraph &graph,
                            ArrayRef<Candidate> orders) {
  int64_t bound = llvm::min_element(orders, [](const auto &a, const auto &b) {
                    return a.bound < b.bound;
                  })->bound;
  const auto limit =
      static_cast<int64_t>(static_cast<double>(bound) * (1 + moreMemory / 100));
  const Candidate *soonest = nullptr;
  for (const Candidate &candidate : orders)
    if (candidate.bound <= limit &&
        (!soonest || candidate.exposed < soonest->exposed ||
         (candidate.exposed == soonest->exposed &&
          candidate.bound < soonest->bound)))
      soonest = &candidate;
  size_t chosen = orders.size();
  int64_t least = 0;
  for (auto [i, candidate] : llvm::enumerate(orders)) {
    if (candidate.bound != soonest->bound ||
        candidate.exposed > soonest->exposed)
      continue;
    int64_t bytes = plannedBytes(graph, candidate.order, inPlace);
    if (chosen == orders.size() || bytes < least) {
      chosen = i;
      least = bytes;
    }
    if (least == candidate.bound)
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
  if (candidate.exposed)
    remark << remark::metric("exposed_us", *candidate.exposed);
  if (candidate.exposed > chosen.exposed)
    remark << remark::reason("ranks wait longer for gradients");
  else if (candidate.bound > chosen.bound)
    remark << remark::reason("more bytes are alive at one time");
  else if (!taken)
    remark << remark::reason("the arena is no smaller than that of '{0}'",
                             chosen.name);
}
