//===- Roofline.cpp - Rates over arithmetic intensity ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/Roofline.h"
#include "segc/Draw/Units.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace segc::draw {

namespace {

/// Families of kernels by the prefix of their root's name. Transposed
/// convolutions belong to the convolutions.
struct Family {
  const char *prefix, *name;
};
constexpr Family families[] = {{"conv_input_grad", "input gradients"},
                               {"conv_filter_grad", "filter gradients"},
                               {"conv", "convolutions"},
                               {"", "other kernels"}};

size_t familyOf(std::string op) {
  if (const std::string transposed = "conv_transpose";
      op.rfind(transposed, 0) == 0)
    op.replace(0, transposed.size(), "conv");
  size_t family = 0;
  while (op.rfind(families[family].prefix, 0) != 0)
    ++family;
  return family;
}

/// The range of a logarithmic axis, in whole powers of ten.
struct Range {
  double low = INFINITY, high = 0;
  void include(double value) {
    low = std::min(low, std::pow(10, std::floor(std::log10(value))));
    high = std::max(high, std::pow(10, std::ceil(std::log10(value))));
  }
  Axis axis(const char *label) const {
    Axis axis;
    axis.label = label;
    axis.low = low;
    axis.high = std::max(high, 10 * low);
    axis.logarithmic = true;
    return axis;
  }
};

std::vector<LegendEntry> legendOf(const Roofline &roofline) {
  std::vector<LegendEntry> legend;
  bool measured = false, modelled = false;
  for (size_t family = 0; family < std::size(families); ++family) {
    double share = 0;
    bool any = false;
    for (const RooflinePoint &point : roofline.points) {
      (point.measured ? measured : modelled) = true;
      if (familyOf(point.op) != family)
        continue;
      any = true;
      share += point.share;
    }
    char text[96];
    std::snprintf(text, sizeof(text), "%s: %.0f %% of the time",
                  families[family].name, 100 * share);
    if (any)
      legend.push_back({text, palette[family], LegendEntry::Circle});
  }
  if (measured && modelled)
    legend.push_back({"modelled", faintColour, LegendEntry::Ring});
  if (roofline.flopsPerSecond > 0)
    legend.push_back({roofline.roofName + ": " +
                          rateText(roofline.flopsPerSecond) + ", " +
                          bandwidthText(roofline.bytesPerSecond),
                      limitColour, LegendEntry::Line});
  if (!roofline.note.empty())
    legend.push_back({roofline.note, faintColour, LegendEntry::None});
  return legend;
}

/// Draws the roof: left of the ridge memory bandwidth limits the rate, right of
/// it arithmetic.
void drawRoof(Canvas &canvas, const Plot &plot, const Roofline &roofline,
              const Axis &x, const Axis &y) {
  const double roof = roofline.flopsPerSecond, slope = roofline.bytesPerSecond;
  const double first = std::max(x.low, y.low / slope), ridge = roof / slope;
  canvas.polyline({plot.at(first, first * slope), plot.at(ridge, roof),
                   plot.at(x.high, roof)},
                  Paint::stroked(limitColour, 2));
}

} // namespace

void drawRoofline(Canvas &canvas, const Rect &bounds,
                  const Roofline &roofline) {
  Range intensities, rates;
  const bool hasRoof =
      roofline.flopsPerSecond > 0 && roofline.bytesPerSecond > 0;
  for (const RooflinePoint &point : roofline.points) {
    intensities.include(point.intensity);
    rates.include(point.rate);
  }
  if (hasRoof) {
    intensities.include(roofline.flopsPerSecond / roofline.bytesPerSecond);
    rates.include(roofline.flopsPerSecond);
  }
  const Axis x = intensities.axis(
      "arithmetic intensity (FLOP per byte; inputs read and outputs written "
      "once)");
  Axis y = rates.axis("rate of arithmetic");
  for (double at : logarithmicTicks(y.low, y.high))
    y.ticks.push_back({at, rateText(at)});
  const Plot plot(canvas, bounds, roofline.title, x, y, legendOf(roofline));
  if (hasRoof)
    drawRoof(canvas, plot, roofline, x, y);
  for (const RooflinePoint &point : roofline.points) {
    const Rgb colour = palette[familyOf(point.op)];
    const Point at = plot.at(point.intensity, point.rate);
    const double radius = 3 + 14 * std::sqrt(point.share);
    Paint paint = Paint::stroked(colour, 1.5);
    if (point.measured) {
      paint.fill = colour;
      paint.fillOpacity = 0.55;
    }
    canvas.circle(at, radius, paint);
    canvas.region(at, radius, point.region);
  }
}

} // namespace segc::draw
