//===- Plot.cpp - Axes, grid and legend of a plot -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/Plot.h"
#include "segc/Draw/Units.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace segc::draw {

static constexpr double gap = 8, fontSize = 12, lineHeight = 17, markWidth = 18,
                        titleHeight = 24;

double Axis::fraction(double value) const {
  if (high == low)
    return 0.5;
  return logarithmic ? std::log(value / low) / std::log(high / low)
                     : (value - low) / (high - low);
}

std::vector<double> axisTicks(double low, double high) {
  double raw = (high - low) / 5;
  if (!(raw > 0) || !std::isfinite(raw))
    return {};
  double unit = std::pow(10, std::floor(std::log10(raw)));
  double step = unit * (raw / unit > 5 ? 10 : raw / unit > 2 ? 5 : 2);
  std::vector<double> ticks;
  for (int64_t i = static_cast<int64_t>(std::ceil(low / step));
       static_cast<double>(i) * step <= high + 1e-9 * step; ++i)
    ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> logarithmicTicks(double low, double high) {
  const double decades = std::log10(high / low);
  const std::vector<double> coarse = {1}, medium = {1, 2, 5};
  const std::vector<double> fine = {1, 1.5, 2, 2.5, 3, 4, 5, 7};
  std::vector<double> ticks;
  if (!(low > 0) || !std::isfinite(decades))
    return ticks;
  for (double power = std::pow(10, std::floor(std::log10(low)));
       power <= high * (1 + 1e-9); power *= 10)
    for (double factor : decades < 0.9 ? fine : decades < 3 ? medium : coarse)
      if (double tick = power * factor;
          tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9))
        ticks.push_back(tick);
  return ticks;
}

std::vector<Tick> byteTicks(double high) {
  double step = 1;
  while (high / step > 6)
    step *= 2;
  std::vector<Tick> ticks;
  for (double at = 0; at <= high; at += step)
    ticks.push_back({at, bytesText(at)});
  return ticks;
}

static void chooseTicks(Axis &axis) {
  if (!axis.ticks.empty())
    return;
  for (double value : axis.logarithmic ? logarithmicTicks(axis.low, axis.high)
                                       : axisTicks(axis.low, axis.high)) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value);
    axis.ticks.push_back({value, text});
  }
}

/// Calls `place(entry, x, row)` for each entry, in rows of `width`. Returns the
/// number of rows.
template <typename Place>
static size_t layOutLegend(const Canvas &canvas, double width,
                           const std::vector<LegendEntry> &entries,
                           Place place) {
  double x = 0;
  size_t row = 0;
  for (const LegendEntry &entry : entries) {
    const double mark = entry.mark == LegendEntry::None ? 0 : markWidth + 5;
    const double needed = mark + canvas.textWidth(entry.name) + 2 * gap;
    if (x > 0 && x + needed > width) {
      x = 0;
      ++row;
    }
    place(entry, x, row);
    x += needed;
  }
  return entries.empty() ? 0 : row + 1;
}

double legendHeight(const Canvas &canvas, double width,
                    const std::vector<LegendEntry> &entries) {
  return lineHeight * static_cast<double>(layOutLegend(
                          canvas, width, entries,
                          [](const LegendEntry &, double, size_t) {}));
}

static void drawMark(Canvas &canvas, const LegendEntry &entry, double x,
                     double y) {
  const Point left = {x, y}, right = {x + markWidth, y};
  const Point middle = {x + markWidth / 2, y};
  Paint line = Paint::stroked(entry.colour, 2.5);
  switch (entry.mark) {
  case LegendEntry::Dashes:
    line.dashed = true;
    [[fallthrough]];
  case LegendEntry::Line:
    return canvas.line(left, right, line);
  case LegendEntry::Box: {
    Paint box = Paint::filled(entry.colour);
    box.stroke = faintColour;
    box.strokeOpacity = 0.5;
    return canvas.rect({x + 3, y - 5, 12, 10}, box);
  }
  case LegendEntry::Circle:
    return canvas.circle(middle, 5, Paint::filled(entry.colour, 0.7));
  case LegendEntry::Ring:
    return canvas.circle(middle, 5, Paint::stroked(entry.colour, 1.5));
  case LegendEntry::None:
    return;
  }
}

void drawLegend(Canvas &canvas, const Rect &bounds,
                const std::vector<LegendEntry> &entries) {
  layOutLegend(canvas, bounds.width, entries,
               [&](const LegendEntry &entry, double x, size_t row) {
                 const double mark =
                     entry.mark == LegendEntry::None ? 0 : markWidth + 5;
                 const double middle = bounds.y + lineHeight * (row + 0.5);
                 drawMark(canvas, entry, bounds.x + x, middle);
                 canvas.text({bounds.x + x + mark, middle + 4}, entry.name);
               });
}

Plot::Plot(Canvas &canvas, const Rect &bounds, const std::string &title, Axis x,
           Axis y, const std::vector<LegendEntry> &legend)
    : xAxis(std::move(x)), yAxis(std::move(y)) {
  chooseTicks(xAxis);
  chooseTicks(yAxis);
  double widest = 0;
  for (const Tick &tick : yAxis.ticks)
    widest = std::max(widest, canvas.textWidth(tick.second));
  const double left = (yAxis.label.empty() ? 0 : lineHeight) + widest + 2 * gap;
  const double right = 3 * gap;
  const double header = title.empty() ? gap : titleHeight;
  const double legendTop = bounds.y + header;
  const double legendRows =
      legendHeight(canvas, bounds.width - left - right, legend);
  const double top = header + legendRows + gap;
  const double bottom = 2 * lineHeight + gap;
  inside = {bounds.x + left, bounds.y + top, bounds.width - left - right,
            bounds.height - top - bottom};
  TextStyle heading;
  heading.size = 14;
  heading.bold = true;
  canvas.text({inside.x, bounds.y + 16}, title, heading);
  drawLegend(canvas, {inside.x, legendTop, inside.width, legendRows}, legend);
  drawAxes(canvas, bounds);
}

double Plot::x(double value) const {
  return inside.x + inside.width * xAxis.fraction(value);
}
double Plot::y(double value) const {
  return inside.bottom() - inside.height * yAxis.fraction(value);
}

void Plot::drawAxes(Canvas &canvas, const Rect &bounds) const {
  const Paint grid = Paint::stroked(gridColour),
              ink = Paint::stroked(inkColour);
  TextStyle style;
  style.anchor = Anchor::End;
  for (const Tick &tick : yAxis.ticks) {
    canvas.line({inside.x, y(tick.first)}, {inside.right(), y(tick.first)},
                grid);
    canvas.text({inside.x - gap, y(tick.first) + 4}, tick.second, style);
  }
  style.anchor = Anchor::Middle;
  double taken = -INFINITY; // end of the previous label
  for (const Tick &tick : xAxis.ticks) {
    const double at = x(tick.first);
    canvas.line({at, inside.y}, {at, inside.bottom()}, grid);
    const double half = canvas.textWidth(tick.second) / 2;
    if (at - half < taken + gap / 2)
      continue;
    taken = at + half;
    canvas.text({at, inside.bottom() + lineHeight}, tick.second, style);
  }
  canvas.line({inside.x, inside.y}, {inside.x, inside.bottom()}, ink);
  canvas.line({inside.x, inside.bottom()}, {inside.right(), inside.bottom()},
              ink);
  const double xMiddle = inside.x + inside.width / 2;
  canvas.text({xMiddle, inside.bottom() + 2 * lineHeight}, xAxis.label, style);
  style.upwards = true;
  canvas.text({bounds.x + fontSize, inside.y + inside.height / 2}, yAxis.label,
              style);
}

} // namespace segc::draw
