//===- Chart.cpp - Curves as pictures -------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace segc;

namespace {

/// Three columns and five rows a character, the top left bit first.
struct Glyph {
  char character;
  uint16_t bits;
};
constexpr Glyph glyphs[] = {{'0', 0b111101101101111}, {'1', 0b010110010010111},
                            {'2', 0b111001111100111}, {'3', 0b111001111001111},
                            {'4', 0b101101111001001}, {'5', 0b111100111001111},
                            {'6', 0b111100111101111}, {'7', 0b111001010010010},
                            {'8', 0b111101111101111}, {'9', 0b111101111001111},
                            {'.', 0b000000000000010}, {'-', 0b000000111000000},
                            {'+', 0b000010111010000}, {'a', 0b010101111101101},
                            {'b', 0b110101110101110}, {'c', 0b011100100100011},
                            {'d', 0b110101101101110}, {'e', 0b111100110100111},
                            {'f', 0b111100110100100}, {'g', 0b011100101101011},
                            {'h', 0b101101111101101}, {'i', 0b111010010010111},
                            {'j', 0b001001001101010}, {'k', 0b101101110101101},
                            {'l', 0b100100100100111}, {'m', 0b101111111101101},
                            {'n', 0b110101101101101}, {'o', 0b010101101101010},
                            {'p', 0b110101110100100}, {'q', 0b010101101110011},
                            {'r', 0b110101110101101}, {'s', 0b011100010001110},
                            {'t', 0b111010010010010}, {'u', 0b101101101101111},
                            {'v', 0b101101101101010}, {'w', 0b101101111111101},
                            {'x', 0b101101010101101}, {'y', 0b101101010010010},
                            {'z', 0b111001010100111}, {'_', 0b000000000000111}};

constexpr int marginLeft = 70, marginRight = 20, marginTop = 20,
              marginBottom = 30, glyphScale = 2, markerRadius = 3;
constexpr Rgb ink = {60, 60, 60}, grid = {225, 225, 225};

/// Maps the values of one panel to pixels.
struct Panel {
  double x0, x1, y0, y1;        // values
  int left, right, top, bottom; // pixels
  double pixelX(double x) const {
    return left + (x - x0) / (x1 - x0) * (right - left);
  }
  double pixelY(double y) const {
    return bottom - (y - y0) / (y1 - y0) * (bottom - top);
  }
};

class Canvas {
public:
  Canvas(int width, int height) : image(width, height, {255, 255, 255}) {}

  void set(int x, int y, const Rgb &colour) {
    if (x >= 0 && y >= 0 && x < image.width && y < image.height)
      image.at(x, y) = colour;
  }
  void line(double x0, double y0, double x1, double y1, const Rgb &colour) {
    double length = std::max(std::abs(x1 - x0), std::abs(y1 - y0));
    int steps = std::max(1, static_cast<int>(std::ceil(length)));
    for (int i = 0; i <= steps; ++i) {
      double t = static_cast<double>(i) / steps;
      set(static_cast<int>(std::lround(x0 + (x1 - x0) * t)),
          static_cast<int>(std::lround(y0 + (y1 - y0) * t)), colour);
    }
  }
  /// A square: a line of one point has no length.
  void marker(double x, double y, const Rgb &colour) {
    for (int row = -markerRadius; row <= markerRadius; ++row)
      line(x - markerRadius, y + row, x + markerRadius, y + row, colour);
  }
  static int widthOf(const std::string &text) {
    return static_cast<int>(text.size()) * 4 * glyphScale;
  }
  void text(int left, int top, const std::string &text, const Rgb &colour) {
    for (char c : text) {
      for (const Glyph &glyph : glyphs)
        if (glyph.character == c)
          draw(glyph.bits, left, top, colour);
      left += 4 * glyphScale;
    }
  }
  RgbImage take() { return std::move(image); }

private:
  void draw(uint16_t bits, int left, int top, const Rgb &colour) {
    for (int i = 0; i < 15; ++i)
      if (bits >> (14 - i) & 1)
        for (int dy = 0; dy < glyphScale; ++dy)
          for (int dx = 0; dx < glyphScale; ++dx)
            set(left + i % 3 * glyphScale + dx, top + i / 3 * glyphScale + dy,
                colour);
  }

  RgbImage image;
};

std::string numberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

/// The panel that shows `curves` between two rows of pixels.
Panel fitPanel(const std::vector<Curve> &curves, bool unitScale, int width,
               int top, int bottom) {
  double x1 = 1, y0 = INFINITY, y1 = -INFINITY;
  for (const Curve &curve : curves)
    for (auto [x, y] : curve.points) {
      x1 = std::max(x1, x);
      y0 = std::min(y0, y);
      y1 = std::max(y1, y);
    }
  if (unitScale || !(y0 <= y1)) {
    y0 = 0;
    y1 = 1;
  }
  if (y1 - y0 < 1e-9 * std::max(1.0, std::abs(y1))) {
    // In proportion: half of one is nothing beside a large value.
    double pad = std::max(0.5, 1e-3 * std::abs(y1));
    y0 -= pad;
    y1 += pad;
  }
  return {0,
          x1,
          y0,
          y1,
          marginLeft,
          width - marginRight,
          top + marginTop,
          bottom - marginBottom};
}

} // namespace

std::vector<double> segc::axisTicks(double low, double high) {
  double raw = (high - low) / 5;
  double unit = std::pow(10, std::floor(std::log10(raw)));
  double step = unit * (raw / unit > 5 ? 10 : raw / unit > 2 ? 5 : 2);
  std::vector<double> ticks;
  for (int64_t i = static_cast<int64_t>(std::ceil(low / step));
       static_cast<double>(i) * step <= high + 1e-9 * step; ++i)
    ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

static void drawPanel(Canvas &canvas, const Panel &panel,
                      const std::vector<Curve> &curves) {
  for (double y : axisTicks(panel.y0, panel.y1)) {
    int row = static_cast<int>(panel.pixelY(y));
    canvas.line(panel.left, row, panel.right, row, grid);
    std::string number = numberText(y);
    canvas.text(panel.left - 4 - Canvas::widthOf(number), row - 5, number, ink);
  }
  for (double x : axisTicks(panel.x0, panel.x1)) {
    int column = static_cast<int>(panel.pixelX(x));
    canvas.line(column, panel.top, column, panel.bottom, grid);
    std::string number = numberText(x);
    canvas.text(column - Canvas::widthOf(number) / 2, panel.bottom + 8, number,
                ink);
  }
  canvas.line(panel.left, panel.top, panel.left, panel.bottom, ink);
  canvas.line(panel.left, panel.bottom, panel.right, panel.bottom, ink);
  int legend = panel.left + 10;
  for (const Curve &curve : curves) {
    canvas.text(legend, panel.top - 14, curve.name, curve.colour);
    legend += Canvas::widthOf(curve.name + "  ");
    if (curve.points.size() == 1)
      canvas.marker(panel.pixelX(curve.points[0].first),
                    panel.pixelY(curve.points[0].second), curve.colour);
    for (size_t i = 0; i + 1 < curve.points.size(); ++i)
      canvas.line(panel.pixelX(curve.points[i].first),
                  panel.pixelY(curve.points[i].second),
                  panel.pixelX(curve.points[i + 1].first),
                  panel.pixelY(curve.points[i + 1].second), curve.colour);
  }
}

RgbImage Chart::rasterise(int width, int height) const {
  Canvas canvas(width, height);
  int middle = scores.empty() ? height : height / 2;
  drawPanel(canvas, fitPanel(losses, false, width, 0, middle), losses);
  if (!scores.empty())
    drawPanel(canvas, fitPanel(scores, true, width, middle, height), scores);
  return canvas.take();
}

static std::string svgPanel(const Panel &panel,
                            const std::vector<Curve> &curves) {
  char buffer[256];
  std::string svg;
  auto add = [&](const char *format, auto... values) {
    std::snprintf(buffer, sizeof(buffer), format, values...);
    svg += buffer;
  };
  for (double y : axisTicks(panel.y0, panel.y1)) {
    add("<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' class='grid'/>", panel.left,
        panel.right, panel.pixelY(y), panel.pixelY(y));
    add("<text x='%d' y='%.1f' text-anchor='end'>%.4g</text>", panel.left - 6,
        panel.pixelY(y) + 4, y);
  }
  for (double x : axisTicks(panel.x0, panel.x1))
    add("<text x='%.1f' y='%d' text-anchor='middle'>%.6g</text>",
        panel.pixelX(x), panel.bottom + 18, x);
  int legend = panel.left + 10;
  for (const Curve &curve : curves) {
    char colour[8];
    std::snprintf(colour, sizeof(colour), "#%02x%02x%02x", curve.colour[0],
                  curve.colour[1], curve.colour[2]);
    add("<polyline fill='none' stroke='%s' points='", colour);
    for (auto [x, y] : curve.points)
      add("%.1f,%.1f ", panel.pixelX(x), panel.pixelY(y));
    svg += "'/>";
    if (curve.points.size() == 1)
      add("<circle cx='%.1f' cy='%.1f' r='%d' fill='%s'/>",
          panel.pixelX(curve.points[0].first),
          panel.pixelY(curve.points[0].second), markerRadius, colour);
    add("<text x='%d' y='%d' fill='%s'>", legend, panel.top - 6, colour);
    for (char c : curve.name) // names come from the model: escape them
      svg += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    svg += "</text>";
    legend += 20 + 8 * static_cast<int>(curve.name.size());
  }
  return svg;
}

std::string Chart::toSvg(int width, int height) const {
  int middle = scores.empty() ? height : height / 2;
  std::string size = std::to_string(width) + " " + std::to_string(height);
  std::string svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " +
                    size + "' role='img' aria-label='training curves'>";
  svg += svgPanel(fitPanel(losses, false, width, 0, middle), losses);
  if (!scores.empty())
    svg += svgPanel(fitPanel(scores, true, width, middle, height), scores);
  return svg + "</svg>";
}
