//===- LineChart.h - Curves over a common axis ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_LINECHART_H
#define SEGC_DRAW_LINECHART_H

#include "segc/Draw/Plot.h"

#include <optional>

namespace segc::draw {

/// A curve; its points are in ascending order of x.
struct Series {
  std::string name;
  Rgb colour = {0, 0, 0};
  std::vector<Point> points;
};

struct LineChart {
  std::string title, xLabel, yLabel;
  std::vector<Series> series;
  /// The horizontal axis; by default from 0 to the end of the curves.
  std::optional<Axis> horizontal;
  /// Range of the vertical axis; by default the range of the curves.
  std::optional<std::pair<double, double>> range;
};

void drawLineChart(Canvas &canvas, const Rect &bounds, const LineChart &chart);

} // namespace segc::draw

#endif // SEGC_DRAW_LINECHART_H
