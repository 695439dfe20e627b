//===- KernelOrders.cpp - Candidate orders of kernels ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelOrders.h"

#include "llvm/ADT/STLExtras.h"

namespace segc {

namespace {

/// Kernels that read from, or must come after, each kernel.
std::vector<llvm::SmallVector<int, 4>> successors(const KernelGraph &graph) {
  std::vector<llvm::SmallVector<int, 4>> result(graph.kernels.size());
  for (int kernel : programOrder(graph))
    for (int before : graph.predecessors(kernel))
      if (!llvm::is_contained(result[before], kernel))
        result[before].push_back(kernel);
  return result;
}

/// Arena bytes of a value.
int64_t arenaBytes(const KernelGraph &graph, int value) {
  return value >= 0 && graph.values[value].inArena
             ? arenaAligned(graph.values[value].bytes)
             : 0;
}

/// List scheduling: takes the ready kernel of minimal cost, among equals the
/// first in `ties`, until all are taken. `waits` is the number of kernels that
/// each one still waits for.
template <typename Cost, typename Taken>
KernelOrder takeCheapest(const KernelOrder &ties, llvm::SmallVector<int> waits,
                         Cost cost, Taken taken) {
  KernelOrder waiting = ties, result;
  while (!waiting.empty()) {
    auto best = waiting.end();
    int64_t least = 0;
    for (auto it = waiting.begin(); it != waiting.end(); ++it) {
      if (waits[*it] > 0)
        continue;
      int64_t bytes = cost(*it);
      if (best == waiting.end() || bytes < least) {
        best = it;
        least = bytes;
      }
    }
    int kernel = *best;
    waiting.erase(best);
    result.push_back(kernel);
    taken(kernel, [&](int released) { --waits[released]; });
  }
  return result;
}

} // namespace

std::optional<std::pair<int, int>> contradiction(const KernelGraph &graph) {
  // Every kernel is reached from a sink, except for those on a cycle or with
  // only cycles after them.
  KernelOrder order = depthFirstOrder(graph);
  llvm::SmallVector<size_t> place(graph.kernels.size(), order.size());
  for (auto [i, kernel] : llvm::enumerate(order))
    place[kernel] = i;
  for (int kernel : programOrder(graph))
    for (int before : graph.predecessors(kernel))
      if (place[before] >= place[kernel])
        return std::pair(before, kernel);
  return std::nullopt;
}

KernelOrder depthFirstOrder(const KernelGraph &graph) {
  KernelOrder order;
  llvm::SmallVector<bool> visited(graph.kernels.size(), false);
  // An explicit stack, because a network may be as deep as it has kernels.
  struct Visit {
    int kernel;
    llvm::SmallVector<int, 8> before;
    size_t next = 0;
  };
  std::vector<Visit> stack;
  auto enter = [&](int kernel) {
    if (!std::exchange(visited[kernel], true))
      stack.push_back({kernel, graph.predecessors(kernel)});
  };
  auto visit = [&](int sink) {
    enter(sink);
    while (!stack.empty()) {
      Visit &top = stack.back();
      if (top.next < top.before.size()) {
        enter(top.before[top.next++]);
        continue;
      }
      order.push_back(top.kernel);
      stack.pop_back();
    }
  };
  auto after = successors(graph);
  for (int kernel : programOrder(graph))
    if (after[kernel].empty())
      visit(kernel);
  return order;
}

KernelOrder earlyResultsOrder(const KernelGraph &graph) {
  auto after = successors(graph);
  KernelOrder order;
  llvm::SmallVector<bool> placed(graph.kernels.size(), false);
  auto place = [&](int kernel) {
    order.push_back(kernel);
    placed[kernel] = true;
  };
  for (int kernel : programOrder(graph)) {
    if (placed[kernel])
      continue;
    place(kernel);
    for (int user : after[kernel])
      if (after[user].empty() && !placed[user] &&
          llvm::all_of(graph.predecessors(user),
                       [&](int before) { return placed[before]; }))
        place(user);
  }
  return order;
}

KernelOrder greedyOrder(const KernelGraph &graph) {
  auto after = successors(graph);
  llvm::SmallVector<int> waits(graph.kernels.size(), 0),
      reads(graph.values.size(), 0);
  for (int kernel : programOrder(graph)) {
    for (int next : after[kernel])
      ++waits[next];
    for (int input : graph.kernels[kernel].inputs)
      if (input >= 0)
        ++reads[input];
  }
  auto cost = [&](int kernel) {
    int64_t bytes = 0;
    for (int result : graph.kernels[kernel].results)
      bytes += arenaBytes(graph, result);
    for (int input : graph.kernels[kernel].inputs)
      if (input >= 0 && reads[input] == 1)
        bytes -= arenaBytes(graph, input);
    return bytes;
  };
  auto taken = [&](int kernel, auto release) {
    for (int input : graph.kernels[kernel].inputs)
      if (input >= 0)
        --reads[input];
    llvm::for_each(after[kernel], release);
  };
  return takeCheapest(programOrder(graph), waits, cost, taken);
}

KernelOrder backwardGreedyOrder(const KernelGraph &graph) {
  auto after = successors(graph);
  llvm::SmallVector<int> waits(graph.kernels.size(), 0);
  for (auto [kernel, users] : llvm::enumerate(after))
    waits[kernel] = users.size();
  llvm::SmallVector<bool> alive(graph.values.size(), false);
  auto cost = [&](int kernel) {
    int64_t bytes = 0;
    for (int input : graph.kernels[kernel].inputs)
      if (input >= 0 && !alive[input])
        bytes += arenaBytes(graph, input);
    for (int result : graph.kernels[kernel].results)
      if (alive[result])
        bytes -= arenaBytes(graph, result);
    return bytes;
  };
  auto taken = [&](int kernel, auto release) {
    for (int input : graph.kernels[kernel].inputs)
      if (input >= 0)
        alive[input] = true;
    auto before = graph.predecessors(kernel);
    llvm::sort(before);
    before.erase(std::unique(before.begin(), before.end()), before.end());
    llvm::for_each(before, release);
  };
  KernelOrder order = programOrder(graph);
  std::reverse(order.begin(), order.end());
  order = takeCheapest(order, waits, cost, taken);
  std::reverse(order.begin(), order.end());
  return order;
}

namespace {

/// Local search that moves kernels within an order.
class OrderSearch {
public:
  OrderSearch(const KernelGraph &graph, KernelOrder order, bool inPlace)
      : graph(graph), inPlace(inPlace), after(successors(graph)),
        order(std::move(order)), threshold(0), best(measure(this->order)) {}

  KernelOrder run();

private:
  /// The bound, and the bytes above the threshold summed over ticks. A move
  /// must lower them, so kernels far from the peak are not moved.
  std::pair<int64_t, int64_t> measure(const KernelOrder &candidate) {
    ticks += candidate.size();
    auto alive = Lifetimes(graph, candidate, inPlace).alive();
    int64_t most = 0, crowd = 0;
    for (int64_t bytes : alive) {
      most = std::max(most, bytes);
      crowd += std::max<int64_t>(0, bytes - threshold);
    }
    return {most, crowd};
  }
  bool tryMove(int from, int to);
  int firstPlace(int from) const;
  int lastPlace(int from) const;

  const KernelGraph &graph;
  bool inPlace;
  std::vector<llvm::SmallVector<int, 4>> after;
  KernelOrder order;
  /// Ticks of all measured orders, the cost of the search.
  int64_t ticks = 0;
  int64_t threshold;
  std::pair<int64_t, int64_t> best;
};

bool OrderSearch::tryMove(int from, int to) {
  if (from == to)
    return false;
  KernelOrder candidate = order;
  auto begin = candidate.begin();
  if (to < from)
    std::rotate(begin + to, begin + from, begin + from + 1);
  else
    std::rotate(begin + from, begin + from + 1, begin + to + 1);
  auto measured = measure(candidate);
  if (measured >= best)
    return false;
  best = measured;
  order = std::move(candidate);
  return true;
}

int OrderSearch::firstPlace(int from) const {
  auto before = graph.predecessors(order[from]);
  int place = from;
  while (place > 0 && !llvm::is_contained(before, order[place - 1]))
    --place;
  return place;
}

int OrderSearch::lastPlace(int from) const {
  int place = from, end = order.size();
  while (place + 1 < end &&
         !llvm::is_contained(after[order[from]], order[place + 1]))
    ++place;
  return place;
}

KernelOrder OrderSearch::run() {
  constexpr int maxSweeps = 12;
  // Limit on the cost. Entries of a thousand kernels are searched completely,
  // larger ones in part, because a sweep is quadratic.
  constexpr int64_t maxTicks = 1 << 24;
  bool changed = true;
  for (int sweep = 0; changed && sweep < maxSweeps; ++sweep) {
    changed = false;
    threshold = best.first - best.first / 4;
    best = measure(order);
    int size = order.size();
    for (int i = 0; i < size && ticks < maxTicks; ++i)
      changed |= tryMove(i, firstPlace(i));
    for (int i = size - 1; i >= 0 && ticks < maxTicks; --i)
      changed |= tryMove(i, lastPlace(i));
  }
  return order;
}

} // namespace

KernelOrder improvedOrder(const KernelGraph &graph, KernelOrder order,
                          bool inPlace) {
  return OrderSearch(graph, std::move(order), inPlace).run();
}

} // namespace segc
