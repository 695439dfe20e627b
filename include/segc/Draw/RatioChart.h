//===- RatioChart.h - Bar chart of ratios by case ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_RATIOCHART_H
#define SEGC_DRAW_RATIOCHART_H

#include "segc/Draw/Plot.h"

namespace segc::draw {

/// A bar chart of ratios on a logarithmic axis. Bars start at 1, to the right
/// for larger and to the left for smaller ratios.
struct RatioChart {
  struct Group {
    std::string name;
    std::vector<std::pair<size_t, double>> bars; ///< Series and ratio.
  };
  std::string title, label;
  std::vector<std::string> series;
  std::vector<Group> groups; ///< From the top.

  double height() const; ///< Height that suits the number of bars.
};

void drawRatioChart(Canvas &canvas, const Rect &bounds,
                    const RatioChart &chart);

} // namespace segc::draw

#endif // SEGC_DRAW_RATIOCHART_H
