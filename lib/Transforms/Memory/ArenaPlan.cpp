//===- ArenaPlan.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/ArenaPlan.h"
#include "segc/Base/StableSort.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

namespace segc {

static bool overlapInTime(const ArenaInterval &a, const ArenaInterval &b) {
  return a.first <= b.last && b.first <= a.last;
}

namespace {

/// Places intervals in a given order, each into the smallest hole that fits.
class Placer {
public:
  explicit Placer(llvm::ArrayRef<ArenaInterval> intervals)
      : intervals(intervals), together(intervals.size()) {
    for (size_t i = 0; i < intervals.size(); ++i)
      for (size_t j = 0; j < intervals.size(); ++j)
        if (i != j && overlapInTime(intervals[i], intervals[j]))
          together[i].push_back(j);
  }

  /// Returns nothing if the arena would be larger than `most`.
  std::optional<ArenaPlan>
  place(llvm::ArrayRef<size_t> order,
        int64_t most = std::numeric_limits<int64_t>::max()) const;

private:
  llvm::ArrayRef<ArenaInterval> intervals;
  std::vector<llvm::SmallVector<size_t, 0>> together;
};

std::optional<ArenaPlan> Placer::place(llvm::ArrayRef<size_t> order,
                                       int64_t most) const {
  ArenaPlan plan;
  plan.offsets.assign(intervals.size(), -1);
  // Occupied ranges during the lifetime of an interval, by offset.
  llvm::SmallVector<std::pair<int64_t, int64_t>, 64> busy;
  for (size_t index : order) {
    busy.clear();
    for (size_t other : together[index])
      if (int64_t low = plan.offsets[other]; low >= 0)
        busy.push_back({low, low + arenaAligned(intervals[other].bytes)});
    llvm::sort(busy);
    int64_t need = arenaAligned(intervals[index].bytes), end = 0, best = -1;
    int64_t bestSize = std::numeric_limits<int64_t>::max();
    for (auto [low, high] : busy) {
      if (low - end >= need && low - end < bestSize) {
        best = end;
        bestSize = low - end;
      }
      end = std::max(end, high);
    }
    plan.offsets[index] = best >= 0 ? best : end;
    plan.bytes = std::max(plan.bytes, plan.offsets[index] + need);
    if (plan.bytes > most)
      return std::nullopt;
  }
  return plan;
}

} // namespace

int64_t arenaBound(llvm::ArrayRef<ArenaInterval> intervals) {
  std::map<int, int64_t> change;
  for (const ArenaInterval &interval : intervals) {
    change[interval.first] += arenaAligned(interval.bytes);
    change[interval.last + 1] -= arenaAligned(interval.bytes);
  }
  int64_t live = 0, most = 0;
  for (auto [tick, delta] : change) {
    live += delta;
    most = std::max(most, live);
  }
  return most;
}

/// Repeatedly moves an interval at the arena's end to an earlier position in
/// the order, and keeps changes that are not worse. The random sequence is
/// fixed.
static void improve(llvm::ArrayRef<ArenaInterval> intervals,
                    const Placer &placer, std::vector<size_t> order,
                    ArenaPlan &best) {
  constexpr size_t maxComparisons = 100'000'000;
  constexpr int maxRounds = 4000;
  uint64_t state = 1;
  auto draw = [&](size_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>((state >> 33) % below);
  };
  size_t rounds = std::min<size_t>(
      maxRounds, maxComparisons / (intervals.size() * intervals.size() + 1));
  for (size_t round = 0; round < rounds && best.bytes > best.bound; ++round) {
    auto ends = [&](size_t i) {
      return best.offsets[i] + arenaAligned(intervals[i].bytes) == best.bytes;
    };
    std::vector<size_t> candidate = order;
    auto last = std::find_if(candidate.begin(), candidate.end(), ends);
    auto to = candidate.begin() + draw(last - candidate.begin() + 1);
    // Every third round exchanges a random pair, to leave local minima.
    if (round % 3 == 2) {
      last = candidate.begin() + draw(candidate.size());
      to = candidate.begin() + draw(last - candidate.begin() + 1);
    }
    std::rotate(to, last, last + 1);
    std::optional<ArenaPlan> plan = placer.place(candidate, best.bytes);
    if (!plan)
      continue;
    plan->bound = best.bound;
    best = std::move(*plan);
    order = std::move(candidate);
  }
}

/// Best fit by first tick, without a search, in nearly linear time and memory.
static ArenaPlan planInTime(llvm::ArrayRef<ArenaInterval> intervals) {
  std::vector<size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), 0);
  stableSort(order, [&](size_t a, size_t b) {
    return intervals[a].first < intervals[b].first;
  });
  ArenaPlan plan;
  plan.offsets.assign(intervals.size(), -1);
  plan.bound = arenaBound(intervals);
  std::map<int64_t, int64_t> holes; // Free bytes by offset.
  std::multimap<int, size_t> ends;  // Placed intervals by last tick.
  auto release = [&](int64_t offset, int64_t bytes) {
    if (bytes == 0)
      return;
    auto hole = holes.emplace(offset, bytes).first;
    if (auto next = std::next(hole);
        next != holes.end() && next->first == offset + bytes) {
      hole->second += next->second;
      holes.erase(next);
    }
    if (hole == holes.begin())
      return;
    if (auto before = std::prev(hole);
        before->first + before->second == offset) {
      before->second += hole->second;
      holes.erase(hole);
    }
  };
  for (size_t index : order) {
    while (!ends.empty() && ends.begin()->first < intervals[index].first) {
      size_t past = ends.begin()->second;
      ends.erase(ends.begin());
      release(plan.offsets[past], arenaAligned(intervals[past].bytes));
    }
    int64_t need = arenaAligned(intervals[index].bytes);
    auto best = holes.end();
    for (auto hole = holes.begin(); hole != holes.end(); ++hole)
      if (hole->second >= need &&
          (best == holes.end() || hole->second < best->second))
        best = hole;
    int64_t offset = best != holes.end() ? best->first : plan.bytes;
    if (best != holes.end()) {
      int64_t rest = best->second - need;
      holes.erase(best);
      release(offset + need, rest);
    } else if (!holes.empty() &&
               holes.rbegin()->first + holes.rbegin()->second == plan.bytes) {
      // The interval extends the hole at the arena's end.
      offset = holes.rbegin()->first;
      holes.erase(std::prev(holes.end()));
    }
    plan.offsets[index] = offset;
    plan.bytes = std::max(plan.bytes, offset + need);
    ends.emplace(intervals[index].last, index);
  }
  return plan;
}

ArenaPlan planArena(llvm::ArrayRef<ArenaInterval> intervals, bool reuse) {
  // Limit on the number of intervals for the search, whose time and memory are
  // quadratic. The largest shipped network has some hundreds.
  constexpr size_t maxSearched = 3000;
  if (reuse && intervals.size() > maxSearched)
    return planInTime(intervals);
  std::vector<size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), 0);
  if (!reuse || intervals.empty()) {
    ArenaPlan plan;
    for (const ArenaInterval &interval : intervals) {
      plan.offsets.push_back(plan.bytes);
      plan.bytes += arenaAligned(interval.bytes);
    }
    plan.bound = arenaBound(intervals);
    return plan;
  }
  auto life = [](const ArenaInterval &i) {
    return int64_t{i.last} - i.first + 1;
  };
  const std::function<int64_t(const ArenaInterval &)> keys[] = {
      [](const ArenaInterval &i) { return i.bytes; },
      [&](const ArenaInterval &i) { return life(i); },
      [&](const ArenaInterval &i) { return i.bytes * life(i); },
      [](const ArenaInterval &i) { return -int64_t{i.first}; },
  };
  Placer placer(intervals);
  std::vector<std::pair<ArenaPlan, std::vector<size_t>>> starts;
  for (const auto &key : keys) {
    std::iota(order.begin(), order.end(), 0);
    stableSort(order, [&](size_t a, size_t b) {
      return key(intervals[a]) > key(intervals[b]);
    });
    starts.push_back({*placer.place(order), order});
    starts.back().first.bound = arenaBound(intervals);
  }
  auto bytes = [](const auto &start) { return start.first.bytes; };
  stableSort(starts,
             [&](const auto &a, const auto &b) { return bytes(a) < bytes(b); });
  // The search from the best start may not improve.
  ArenaPlan best = starts.front().first;
  for (auto &[plan, start] : starts) {
    if (best.bytes == best.bound)
      break;
    improve(intervals, placer, std::move(start), plan);
    if (plan.bytes < best.bytes)
      best = plan;
  }
  return best;
}

std::string checkArenaPlan(llvm::ArrayRef<ArenaInterval> intervals,
                           const ArenaPlan &plan) {
  for (size_t i = 0; i < intervals.size(); ++i) {
    int64_t begin = plan.offsets[i], end = begin + intervals[i].bytes;
    if (begin % arenaAlignment)
      return "interval " + std::to_string(i) + " starts at " +
             std::to_string(begin) + ", not aligned";
    if (begin < 0 || end > plan.bytes)
      return "interval " + std::to_string(i) + " leaves the arena of " +
             std::to_string(plan.bytes) + " bytes";
    for (size_t j = 0; j < i; ++j) {
      bool sameBytes =
          begin < plan.offsets[j] + intervals[j].bytes && plan.offsets[j] < end;
      if (overlapInTime(intervals[i], intervals[j]) && sameBytes)
        return "intervals " + std::to_string(j) + " and " + std::to_string(i) +
               " overlap";
    }
  }
  return "";
}

} // namespace segc
