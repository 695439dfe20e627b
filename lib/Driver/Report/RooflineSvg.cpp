//===- RooflineSvg.cpp - FLOP/s over FLOP per byte ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Draw.h"

#include <cmath>

namespace segc::report {

namespace {

constexpr double left = 96, top = 16, plotWidth = 1000, plotHeight = 320,
                 bottom = 40;

/// A logarithmic scale over whole powers of ten.
struct Scale {
  double low = 1e300, high = 0;
  void include(double value) {
    low = std::min(low, std::pow(10, std::floor(std::log10(value))));
    high = std::max(high, std::pow(10, std::ceil(std::log10(value))));
  }
  /// 0 at the low end, 1 at the high.
  double operator()(double value) const {
    return high > low ? std::log(value / low) / std::log(high / low) : 0.5;
  }
};

struct Point {
  size_t kernel;
  double intensity, modelled, share;
  std::optional<double> measured;
};

class Roofline {
public:
  Roofline(const Report &report, size_t entryIndex)
      : report(report), version(report.versions.front()),
        entry(version.entries[entryIndex]), entryIndex(entryIndex),
        roof(version.target.peakFlops() * report.cores()),
        slope(version.target.bytesPerSecond * report.cores()) {
    collect();
  }
  std::string draw() const;

private:
  void collect();
  void drawAxes(Svg &svg) const;
  void drawPoint(Svg &svg, const Point &point) const;
  double px(double intensity) const { return left + plotWidth * x(intensity); }
  double py(double rate) const { return top + plotHeight * (1 - y(rate)); }

  const Report &report;
  const Version &version;
  const Entry &entry;
  size_t entryIndex;
  double roof, slope;
  std::vector<Point> points;
  Scale x, y;
};

void Roofline::collect() {
  double total = 0;
  for (const Kernel &kernel : entry.kernels)
    total += bestSeconds(report, version, kernel);
  for (auto [i, kernel] : llvm::enumerate(entry.kernels)) {
    if (kernel.flops() <= 0 || kernel.bytes() <= 0)
      continue;
    double flops = kernel.flops() * report.batch();
    Point point{i, kernel.flops() / kernel.bytes(),
                flops / report.modelledSeconds(version, kernel),
                bestSeconds(report, version, kernel) / total, std::nullopt};
    if (std::optional<double> seconds = kernel.seconds(); seconds > 0)
      point.measured = flops / *seconds;
    points.push_back(point);
    x.include(point.intensity);
    y.include(point.modelled);
    y.include(point.measured.value_or(point.modelled));
  }
  x.include(roof / slope);
  y.include(roof);
}

void Roofline::drawAxes(Svg &svg) const {
  for (double at = x.low; at <= x.high * 1.01; at *= 10) {
    svg.line(px(at), top, px(at), top + plotHeight, "grid");
    svg.text(px(at), top + plotHeight + 16, "middle", shortNumber(at));
  }
  for (double at = y.low; at <= y.high * 1.01; at *= 10) {
    svg.line(left, py(at), left + plotWidth, py(at), "grid");
    svg.text(left - 6, py(at) + 4, "end", rateText(at));
  }
  svg.text(left + plotWidth / 2, top + plotHeight + 34, "middle",
           "FLOP per byte");
  // Left of the ridge bytes limit, right of it arithmetic.
  double ridge = roof / slope, first = std::max(x.low, y.low / slope);
  svg.line(px(first), py(first * slope), px(ridge), py(roof), "roof");
  svg.line(px(ridge), py(roof), left + plotWidth, py(roof), "roof");
  svg.text(left + 6, py(roof) - 5, "start",
           "model: " + rateText(roof) + ", " + bandwidthText(slope));
}

void Roofline::drawPoint(Svg &svg, const Point &point) const {
  const Kernel &kernel = entry.kernels[point.kernel];
  double rate = point.measured.value_or(point.modelled);
  svg.beginLink(kernelId(entryIndex, point.kernel), "", "");
  svg.circle(px(point.intensity), py(rate), 3 + 14 * std::sqrt(point.share),
             point.measured ? "point measured" : "point",
             llvm::formatv("#{0} {1}\n{2} FLOP per byte\n{3} {4}", point.kernel,
                           kernel.root, shortNumber(point.intensity),
                           rateText(rate),
                           point.measured ? "measured" : "modelled")
                 .str());
  svg.endLink();
}

std::string Roofline::draw() const {
  if (points.empty())
    return "";
  Svg svg(left + plotWidth + 28, top + plotHeight + bottom, "roofline",
          "Roofline of " + entry.name);
  drawAxes(svg);
  for (const Point &point : points)
    drawPoint(svg, point);
  return svg.finish();
}

} // namespace

std::string rooflineSvg(const Report &report, size_t entry) {
  return Roofline(report, entry).draw();
}

} // namespace segc::report
