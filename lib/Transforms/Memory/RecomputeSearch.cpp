//===- RecomputeSearch.cpp - Search for kernels to recompute --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RecomputeSearch.h"

#include "KernelOrders.h"
#include "llvm/ADT/STLExtras.h"

namespace segc {

/// Limit on the kernels that are recomputed for one value.
static constexpr size_t longestChain = 12;
/// Inputs that are smaller than the dropped value by this factor, such as
/// statistics, are kept and not recomputed.
static constexpr int64_t keptShare = 16;
/// Limits on the cost of one search, counted in kernels of all plans that it
/// tries: without a budget (a fraction of a second) and with one (some
/// seconds). A step is quadratic; entries of a thousand kernels are searched
/// completely.
static constexpr int64_t maxUnasked = 1 << 22, maxAsked = 1 << 27;

RecomputeSearch::RecomputeSearch(const KernelGraph &graph, KernelOrder order,
                                 llvm::ArrayRef<double> seconds, bool inPlace)
    : inPlace(inPlace), seconds(seconds), plan{graph, std::move(order)} {
  measure(plan);
}

void RecomputeSearch::measure(RecomputeChoice &candidate) const {
  candidate.alive =
      Lifetimes(candidate.graph, candidate.order, inPlace).alive();
  candidate.bound = 0;
  for (int64_t bytes : candidate.alive)
    candidate.bound = std::max(candidate.bound, bytes);
}

bool RecomputeSearch::mayAddCopies(size_t count) const {
  // Limit of three runs of each kernel on average; more would be thrashing.
  return plan.graph.kernels.size() + count <= 3 * seconds.size();
}

static llvm::SmallVector<int> lastUses(const RecomputeChoice &plan) {
  llvm::SmallVector<int> last(plan.graph.values.size(), -1);
  for (auto [tick, kernel] : llvm::enumerate(plan.order))
    for (int input : plan.graph.kernels[kernel].inputs)
      if (input >= 0)
        last[input] = tick;
  return last;
}

/// Values that are live but not accessed at the ticks of the peak.
llvm::SmallVector<RecomputeSearch::Gap> RecomputeSearch::gapsAtPeak() const {
  int peak = llvm::max_element(plan.alive) - plan.alive.begin();
  llvm::SmallVector<int> before(plan.graph.values.size(), -1),
      next(plan.graph.values.size(), -1);
  for (auto [index, kernel] : llvm::enumerate(plan.order)) {
    int tick = index;
    auto touch = [&](int value) {
      if (value >= 0 && tick <= peak)
        before[value] = tick;
      else if (value >= 0 && next[value] < 0)
        next[value] = tick;
    };
    llvm::for_each(plan.graph.kernels[kernel].inputs, touch);
    llvm::for_each(plan.graph.kernels[kernel].results, touch);
  }
  llvm::SmallVector<Gap> gaps;
  for (auto [value, info] : llvm::enumerate(plan.graph.values))
    if (info.inArena && before[value] >= 0 && before[value] < peak &&
        next[value] > peak)
      gaps.push_back({static_cast<int>(value), next[value]});
  return gaps;
}

/// Appends the kernels to recompute before `tick`, operands first. With `chain`
/// it includes kernels whose results have died by then. Returns false if one
/// cannot be repeated.
bool RecomputeSearch::addCopies(int kernel, int tick, bool chain,
                                llvm::ArrayRef<int> lastUse,
                                llvm::SmallVectorImpl<int> &kernels) const {
  if (llvm::is_contained(kernels, kernel))
    return true;
  const KernelGraph::Kernel &source = plan.graph.kernels[kernel];
  if (!source.repeatable || kernels.size() >= longestChain)
    return false;
  int64_t made = 0;
  for (int result : source.results)
    made += plan.graph.values[result].bytes;
  for (int input : source.inputs) {
    if (!chain || input < 0)
      continue;
    const KernelGraph::Value &value = plan.graph.values[input];
    bool kept = !value.inArena || lastUse[input] >= tick ||
                value.bytes <= made / keptShare;
    if (!kept && !addCopies(value.producer, tick, chain, lastUse, kernels))
      return false;
  }
  kernels.push_back(kernel);
  return true;
}

/// The plan that recomputes the value at the end of the gap.
std::optional<RecomputeChoice>
RecomputeSearch::dropped(Gap gap, bool chain, llvm::ArrayRef<int> lastUse) {
  llvm::SmallVector<int> kernels;
  if (tried > limit ||
      !addCopies(plan.graph.values[gap.value].producer, gap.next, chain,
                 lastUse, kernels) ||
      (chain && kernels.size() == 1) || !mayAddCopies(kernels.size()))
    return std::nullopt;
  RecomputeChoice result = plan;
  tried += static_cast<int64_t>(plan.graph.kernels.size());
  KernelGraph &graph = result.graph;
  llvm::SmallVector<int> copyOfValue(graph.values.size(), -1);
  auto redirect = [&](KernelGraph::Kernel &reader) {
    for (int &input : reader.inputs)
      if (input >= 0 && copyOfValue[input] >= 0)
        input = copyOfValue[input];
    for (auto &shared : reader.inPlace)
      if (copyOfValue[shared.first] >= 0)
        shared.first = copyOfValue[shared.first];
  };
  KernelOrder copies;
  for (int kernel : kernels) {
    KernelGraph::Kernel copy = graph.kernels[kernel];
    int index = graph.kernels.size();
    if (copy.copyOf < 0)
      copy.copyOf = kernel;
    redirect(copy);
    for (int &made : copy.results) {
      int number = graph.values.size();
      graph.values.push_back({graph.values[made].bytes, index});
      copyOfValue[made] = number;
      copyOfValue.push_back(-1);
      for (auto &shared : copy.inPlace)
        if (shared.second == made)
          shared.second = number;
      made = number;
    }
    result.seconds += seconds[copy.copyOf];
    graph.kernels.push_back(std::move(copy));
    copies.push_back(index);
  }
  // Kernels from here on read the copies.
  for (int kernel : llvm::ArrayRef(plan.order).drop_front(gap.next))
    redirect(graph.kernels[kernel]);
  result.order.insert(result.order.begin() + gap.next, copies.begin(),
                      copies.end());
  measure(result);
  return result;
}

/// Live bytes above a level, summed over the ticks.
static int64_t crowd(const RecomputeChoice &plan, int64_t level) {
  int64_t sum = 0;
  for (int64_t bytes : plan.alive)
    sum += std::max<int64_t>(0, bytes - level);
  return sum;
}

bool RecomputeSearch::advance() {
  // Freeing a value during all ticks of high memory is better than freeing it
  // only at the peak.
  int64_t level = plan.bound - plan.bound / 16, now = crowd(plan, level);
  llvm::SmallVector<int> lastUse = lastUses(plan);
  std::optional<RecomputeChoice> best;
  double minPrice = 0;
  for (Gap gap : gapsAtPeak())
    for (bool chain : {false, true}) {
      std::optional<RecomputeChoice> candidate = dropped(gap, chain, lastUse);
      if (!candidate || candidate->bound > plan.bound)
        continue;
      int64_t saved = now - crowd(*candidate, level);
      if (saved <= 0)
        continue;
      double price = (candidate->seconds - plan.seconds) / saved;
      if (!best || price < minPrice) {
        best = std::move(candidate);
        minPrice = price;
      }
    }
  if (!best)
    return false;
  plan = std::move(*best);
  return true;
}

std::optional<int64_t> RecomputeSearch::reach(int64_t bytes) {
  limit = maxAsked;
  do {
    if (plan.bound > bytes)
      continue;
    if (int64_t planned = plannedBytes(); planned <= bytes)
      return planned;
  } while (advance());
  return std::nullopt;
}

void RecomputeSearch::spend(double most) {
  limit = maxUnasked;
  RecomputeChoice best = plan;
  while (advance() && plan.seconds <= most)
    if (plan.bound < best.bound)
      best = plan;
  plan = std::move(best);
}

RecomputeSearches::RecomputeSearches(const KernelGraph &graph,
                                     llvm::ArrayRef<double> seconds,
                                     bool inPlace) {
  for (const KernelOrder &order :
       {programOrder(graph), earlyResultsOrder(graph)})
    searches.emplace_back(graph, order, seconds, inPlace);
}

std::optional<int64_t> RecomputeSearches::reach(int64_t bytes) {
  std::optional<int64_t> planned;
  for (auto [index, search] : llvm::enumerate(searches))
    if (std::optional<int64_t> reached = search.reach(bytes);
        reached && (!planned || search.current().seconds < current().seconds)) {
      planned = reached;
      chosen = index;
    }
  if (!planned)
    chosen = llvm::min_element(searches,
                               [](const auto &a, const auto &b) {
                                 return a.plannedBytes() < b.plannedBytes();
                               }) -
             searches.begin();
  return planned;
}

void RecomputeSearches::spend(double most) {
  for (auto [index, search] : llvm::enumerate(searches)) {
    search.spend(most);
    // The scheduler decides on orders without copies.
    if (search.current().seconds > 0 &&
        search.current().bound < current().bound)
      chosen = index;
  }
}

} // namespace segc
