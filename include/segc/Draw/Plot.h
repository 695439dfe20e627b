//===- Plot.h - Axes, grid and legend of a plot -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_PLOT_H
#define SEGC_DRAW_PLOT_H

#include "segc/Draw/Canvas.h"

#include <functional>
#include <utility>

namespace segc::draw {

/// The colours of Okabe and Ito, which colour-blind people can tell apart,
/// without yellow, which is hard to see on white.
inline constexpr Rgb palette[] = {
    {0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
    {230, 159, 0}, {86, 180, 233}, {90, 90, 90}};
inline constexpr size_t paletteSize = std::size(palette);
inline constexpr Rgb inkColour = {28, 32, 36}, faintColour = {107, 114, 128},
                     gridColour = {225, 228, 232}, limitColour = {190, 30, 45};

/// A tick of an axis, with the text that stands beside it.
using Tick = std::pair<double, std::string>;

/// An axis of a plot.
struct Axis {
  std::string label; ///< The quantity, with its unit.
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks; ///< Empty: chosen from the range.

  /// Position of a value on the axis, from 0 at the low end to 1 at the high
  /// end.
  double fraction(double value) const;
};

/// About five round values from `low` to `high`.
std::vector<double> axisTicks(double low, double high);
/// Powers of ten, with round multiples of them if there are few powers.
std::vector<double> logarithmicTicks(double low, double high);
/// Ticks of an axis of bytes: powers of two and multiples of them.
std::vector<Tick> byteTicks(double high);

struct LegendEntry {
  enum Mark { Line, Dashes, Box, Circle, Ring, None };
  std::string name;
  Rgb colour;
  Mark mark = Line;
};

/// Height of a legend whose rows are at most `width` wide.
double legendHeight(const Canvas &canvas, double width,
                    const std::vector<LegendEntry> &entries);
void drawLegend(Canvas &canvas, const Rect &bounds,
                const std::vector<LegendEntry> &entries);

/// The frame of a plot. The constructor draws axes, title and legend around the
/// plot area; the caller then draws into the area.
class Plot {
public:
  Plot(Canvas &canvas, const Rect &bounds, const std::string &title, Axis x,
       Axis y, const std::vector<LegendEntry> &legend);

  const Rect &area() const { return inside; }
  double x(double value) const;
  double y(double value) const;
  Point at(double xValue, double yValue) const {
    return {x(xValue), y(yValue)};
  }

private:
  void drawAxes(Canvas &canvas, const Rect &bounds) const;

  Axis xAxis, yAxis;
  Rect inside;
};

} // namespace segc::draw

#endif // SEGC_DRAW_PLOT_H
