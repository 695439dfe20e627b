//===- LineChart.cpp - Curves over a common axis --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/LineChart.h"

#include <algorithm>
#include <cmath>

namespace segc::draw {

static constexpr double lineWidth = 1.8, markerRadius = 3.5;
/// The largest number of points for which each is marked.
static constexpr size_t maxMarkers = 12;

static Axis horizontalAxis(const LineChart &chart) {
  if (chart.horizontal)
    return *chart.horizontal;
  Axis axis;
  axis.label = chart.xLabel;
  for (const Series &series : chart.series)
    for (const Point &point : series.points)
      axis.high = std::max(axis.high, point.x);
  return axis;
}

static Axis verticalAxis(const LineChart &chart) {
  Axis axis;
  axis.label = chart.yLabel;
  double low = INFINITY, high = -INFINITY;
  for (const Series &series : chart.series)
    for (const Point &point : series.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  if (chart.range)
    std::tie(low, high) = *chart.range;
  if (!(low <= high))
    return axis;
  if (high - low < 1e-9 * std::max(1.0, std::abs(high))) {
    // The padding of a constant curve grows with its value, so that it is
    // visible.
    const double pad = std::max(0.5, 1e-3 * std::abs(high));
    low -= pad;
    high += pad;
  } else if (!chart.range) {
    high += 0.05 * (high - low);
    low -= 0.05 * (high - low);
  }
  axis.low = low;
  axis.high = high;
  return axis;
}

/// Reduces a curve to its visible points: in each column of pixels the first,
/// the lowest, the highest and the last.
static std::vector<Point> seenPoints(const Plot &plot,
                                     const std::vector<Point> &points) {
  std::vector<Point> seen;
  auto byHeight = [](const Point &a, const Point &b) { return a.y < b.y; };
  for (auto first = points.begin(); first != points.end();) {
    const double column = std::floor(plot.x(first->x));
    auto end = std::find_if(first, points.end(), [&](const Point &point) {
      return std::floor(plot.x(point.x)) != column;
    });
    auto [lowest, highest] = std::minmax_element(first, end, byHeight);
    auto [early, late] = std::minmax(lowest, highest);
    auto before = points.end();
    for (auto kept : {first, early, late, end - 1}) {
      if (kept != before)
        seen.push_back(plot.at(kept->x, kept->y));
      before = kept;
    }
    first = end;
  }
  return seen;
}

void drawLineChart(Canvas &canvas, const Rect &bounds, const LineChart &chart) {
  std::vector<LegendEntry> legend;
  for (const Series &series : chart.series)
    legend.push_back(
        {series.name, series.colour,
         series.points.size() == 1 ? LegendEntry::Circle : LegendEntry::Line});
  const Plot plot(canvas, bounds, chart.title, horizontalAxis(chart),
                  verticalAxis(chart), legend);
  for (const Series &series : chart.series) {
    const std::vector<Point> seen = seenPoints(plot, series.points);
    canvas.polyline(seen, Paint::stroked(series.colour, lineWidth));
    if (seen.size() <= maxMarkers)
      for (const Point &point : seen)
        canvas.circle(point, markerRadius, Paint::filled(series.colour));
  }
}

} // namespace segc::draw
