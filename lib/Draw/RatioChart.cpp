//===- RatioChart.cpp - Bar chart of ratios by case -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/RatioChart.h"

#include <algorithm>
#include <cstdio>

namespace segc::draw {

/// Height of a bar or of the space between groups, and height of the frame.
static constexpr double barHeight = 15, frameHeight = 150;

/// Number of rows: the bars, and one empty row after each group.
static double rowCount(const RatioChart &chart) {
  size_t rows = 0;
  for (const RatioChart::Group &group : chart.groups)
    rows += group.bars.size() + 1;
  return static_cast<double>(rows);
}

double RatioChart::height() const {
  return frameHeight + barHeight * rowCount(*this);
}

void drawRatioChart(Canvas &canvas, const Rect &bounds,
                    const RatioChart &chart) {
  Axis x, y;
  x.label = chart.label;
  x.logarithmic = true;
  x.low = 0.8;
  x.high = 1.25;
  y.low = rowCount(chart);
  y.high = 0;
  double row = 0.5;
  for (const RatioChart::Group &group : chart.groups) {
    const auto bars = static_cast<double>(group.bars.size());
    y.ticks.push_back({row + bars / 2, group.name});
    row += bars + 1;
    for (auto [series, ratio] : group.bars) {
      x.low = std::min(x.low, ratio / 1.3);
      x.high = std::max(x.high, ratio * 1.3);
    }
  }
  std::vector<LegendEntry> legend;
  for (size_t i = 0; i < chart.series.size(); ++i)
    legend.push_back(
        {chart.series[i], palette[i % paletteSize], LegendEntry::Box});
  const Plot plot(canvas, bounds, chart.title, x, y, legend);
  row = 0.5;
  for (const RatioChart::Group &group : chart.groups) {
    for (auto [series, ratio] : group.bars) {
      const double from = plot.x(std::min(1.0, ratio));
      const double to = plot.x(std::max(1.0, ratio));
      const double top = plot.y(row), bottom = plot.y(row + 1);
      canvas.rect({from, top + 1, to - from, bottom - top - 2},
                  Paint::filled(palette[series % paletteSize]));
      char text[32];
      std::snprintf(text, sizeof(text), "%.2f", ratio);
      TextStyle style;
      style.size = 10;
      style.anchor = ratio >= 1 ? Anchor::Start : Anchor::End;
      canvas.text({ratio >= 1 ? to + 4 : from - 4, bottom - 4}, text, style);
      ++row;
    }
    ++row;
  }
  canvas.line({plot.x(1), plot.area().y}, {plot.x(1), plot.area().bottom()},
              Paint::stroked(inkColour));
}

} // namespace segc::draw
