//===- WindowTiling.cpp - Order of windows and life of sums ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WindowTiling.h"

#include <algorithm>

using namespace segc;

WindowTiling::WindowTiling(Shape3 shape, Shape3 patch,
                           const WindowOptions &options, const WindowUse &use)
    : hasRounds(use.hasRounds) {
  for (size_t i = 0; i < 3; ++i)
    axes[i] = windowAxis(shape[i], patch[i], options);
  std::array<size_t, 3> order = {0, 1, 2}, best = order;
  int64_t least = 0;
  // No bit of the sums depends on the batch.
  WindowUse single = use;
  single.samples = 1;
  do {
    setOrder(order, single);
    // Another order adds otherwise, and changes the last bits of sums.
    if (order[0] == 0 && order[1] == 1)
      least = kept * rowUnit - kept * rowUnit / 8;
    else if (kept * rowUnit < least) {
      least = kept * rowUnit;
      best = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  setOrder(best, use);
}

void WindowTiling::setOrder(const std::array<size_t, 3> &order,
                            const WindowUse &use) {
  // Where windows change along the rows last, a part of each row is done long
  // before the rest.
  constexpr int64_t piece = 16;
  axisOrder = order;
  rowUnit = order[0] == 2 ? piece : axes[2].size;
  for (size_t axis = 0; axis < 3; ++axis)
    bounds[axis] =
        boundsOf(axes[axis], axis == 2 ? rowUnit : 1, use.resized[axis]);
  // Rounds of several planes fill a batch; windows of several starts would only
  // make the sums more that are kept.
  const int64_t perStart = windows() / startCount(0);
  startsPerRound =
      axes[order[0]].patch == 1 ? (use.samples + perStart - 1) / perStart : 1;
  kept = countKept();
}

WindowTiling::Bounds WindowTiling::boundsOf(const WindowAxis &axis,
                                            int64_t unit, bool isResized) {
  Bounds all;
  const size_t count = axis.starts.size();
  for (size_t k = 0; k < count; ++k) {
    // A unit opens with its first voxel, and is released with its last.
    all.opens.push_back((axis.first[k] + unit - 1) / unit);
    all.releases.push_back(
        std::max<int64_t>(0, axis.last[k] - (k > 0 && isResized)) / unit);
  }
  all.opens.push_back((axis.size + unit - 1) / unit);
  all.releases.push_back(all.opens.back());
  return all;
}

int64_t WindowTiling::windows() const {
  return startCount(0) * startCount(1) * startCount(2);
}

int64_t WindowTiling::windowsPerRound() const {
  return hasRounds ? startsPerRound * startCount(1) * startCount(2) : windows();
}

Shape3 WindowTiling::startsOf(int64_t window) const {
  Shape3 starts;
  for (size_t place = 3; place-- > 0; window /= startCount(place))
    starts[axisOrder[place]] = window % startCount(place);
  return starts;
}

Shape3 WindowTiling::place(int64_t window) const {
  Shape3 place = startsOf(window);
  for (size_t axis = 0; axis < 3; ++axis)
    place[axis] = axes[axis].starts[static_cast<size_t>(place[axis])];
  return place;
}

int64_t WindowTiling::timeOf(const Shape3 &starts) const {
  if (hasRounds)
    return starts[axisOrder[0]] / startsPerRound;
  int64_t window = 0;
  for (size_t place = 0; place < 3; ++place)
    window = window * startCount(place) + starts[axisOrder[place]];
  return window;
}

static UnitBox boxOf(const Shape3 &starts,
                     const std::array<const std::vector<int64_t> *, 3> &edges) {
  UnitBox box;
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto k = static_cast<size_t>(starts[axis]);
    box.begin[axis] = (*edges[axis])[k];
    box.end[axis] = (*edges[axis])[k + 1];
  }
  return box;
}

UnitBox WindowTiling::opened(int64_t window) const {
  return boxOf(startsOf(window),
               {&bounds[0].opens, &bounds[1].opens, &bounds[2].opens});
}

UnitBox WindowTiling::released(int64_t window) const {
  return boxOf(startsOf(window),
               {&bounds[0].releases, &bounds[1].releases, &bounds[2].releases});
}

Shape3 WindowTiling::unitExtent() const {
  Shape3 extent;
  for (size_t axis = 0; axis < 3; ++axis)
    extent[axis] = bounds[axis].opens.back();
  const Bounds &outer = bounds[axisOrder[0]];
  const size_t starts = outer.opens.size() - 1,
               step = hasRounds ? static_cast<size_t>(startsPerRound) : 1;
  int64_t most = 0;
  for (size_t k = 0; k < starts; k += step)
    most = std::max(most, outer.opens[std::min(k + step, starts)] -
                              outer.releases[k]);
  extent[axisOrder[0]] = most;
  return extent;
}

std::vector<WindowTiling::UnitClass>
WindowTiling::classesOf(const Bounds &bounds) {
  std::vector<int64_t> edges = bounds.opens;
  edges.insert(edges.end(), bounds.releases.begin(), bounds.releases.end());
  std::sort(edges.begin(), edges.end());
  auto startOf = [](const std::vector<int64_t> &begins, int64_t unit) {
    return std::upper_bound(begins.begin(), begins.end(), unit) -
           begins.begin() - 1;
  };
  std::vector<UnitClass> classes;
  for (size_t i = 0; i + 1 < edges.size(); ++i)
    if (const int64_t unit = edges[i]; edges[i + 1] > unit)
      classes.push_back({startOf(bounds.opens, unit),
                         startOf(bounds.releases, unit), edges[i + 1] - unit});
  return classes;
}

int64_t WindowTiling::countKept() const {
  const std::array<std::vector<UnitClass>, 3> classes = {
      classesOf(bounds[0]), classesOf(bounds[1]), classesOf(bounds[2])};
  // By window, or round: how many units more there are than in the one before.
  std::vector<int64_t> more(static_cast<size_t>(windows()) + 1);
  for (const UnitClass &z : classes[0])
    for (const UnitClass &y : classes[1])
      for (const UnitClass &x : classes[2]) {
        const int64_t count = z.count * y.count * x.count;
        const Shape3 opens = {z.opens, y.opens, x.opens},
                     releases = {z.releases, y.releases, x.releases};
        more[static_cast<size_t>(timeOf(opens))] += count;
        more[static_cast<size_t>(timeOf(releases)) + 1] -= count;
      }
  int64_t now = 0, most = 0;
  for (int64_t change : more)
    most = std::max(most, now += change);
  return most;
}
