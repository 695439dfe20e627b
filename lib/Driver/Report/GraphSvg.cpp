//===- GraphSvg.cpp - The kernels of an entry as a graph ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Draw/Plot.h"

#include <set>

namespace segc::report {

namespace {

constexpr double boxWidth = 150, boxHeight = 66, columnStep = 172,
                 rowStep = 134, margin = 14, headline = 20, legendBand = 54;
/// Number of lanes above a row for lines that pass other boxes.
constexpr int lanes = 6;
constexpr double laneStep = 6;
constexpr Rgb boxColour = {233, 239, 253}, lineColour = {37, 99, 235},
              shareColour = {217, 72, 15}, rowColour = {245, 246, 248};

class Graph {
public:
  Graph(const Report &report, size_t entryIndex)
      : report(report), version(report.versions.front()),
        entry(version.entries[entryIndex]), entryIndex(entryIndex) {
    for (const Kernel &kernel : entry.kernels) {
      grids.insert({-kernel.positions, kernel.grid});
      maxSeconds = std::max(maxSeconds, bestSeconds(report, version, kernel));
    }
  }

  std::string draw() const;

private:
  double left(size_t kernel) const {
    return margin + static_cast<double>(kernel) * columnStep;
  }
  double rowTop(size_t row) const {
    return legendBand + static_cast<double>(row) * rowStep;
  }
  double top(size_t kernel) const {
    const Kernel &k = entry.kernels[kernel];
    size_t row =
        std::distance(grids.begin(), grids.find({-k.positions, k.grid}));
    return rowTop(row) + headline + lanes * laneStep;
  }
  void drawLegend(draw::Canvas &canvas) const;
  void drawRows(draw::Canvas &canvas) const;
  void drawEdge(draw::Canvas &canvas, size_t from, size_t to) const;
  void drawBox(draw::Canvas &canvas, size_t index) const;
  std::string description(const Kernel &kernel) const;

  const Report &report;
  const Version &version;
  const Entry &entry;
  size_t entryIndex;
  std::set<std::pair<int64_t, std::string>> grids; ///< Finest first.
  double maxSeconds = 0;
};

void Graph::drawLegend(draw::Canvas &canvas) const {
  draw::TextStyle heading;
  heading.size = 14;
  heading.bold = true;
  canvas.text({margin, 18}, "Kernels of " + entry.name, heading);
  draw::drawLegend(canvas,
                   {margin, 26, std::max(canvas.width() - margin, 1240.0), 17},
                   {{"a kernel, from left to right in order", boxColour,
                     draw::LegendEntry::Box},
                    {"its time, relative to the slowest", shareColour,
                     draw::LegendEntry::Box},
                    {"a tensor that it hands on", draw::faintColour,
                     draw::LegendEntry::Line},
                    {"rows: grids in positions of a sample, the finest on top",
                     draw::faintColour, draw::LegendEntry::None}});
}

void Graph::drawRows(draw::Canvas &canvas) const {
  const double width = left(entry.kernels.size());
  draw::TextStyle style;
  style.colour = draw::faintColour;
  for (const auto &[row, grid] : llvm::enumerate(grids)) {
    canvas.rect({0, rowTop(row), width, rowStep - 8},
                draw::Paint::filled(rowColour));
    std::string name = grid.second.empty() ? "no grid" : "grid " + grid.second;
    // The label is repeated, because the picture may be scrolled.
    for (double x = 8; x < width; x += 8 * columnStep)
      canvas.text({x, rowTop(row) + 14}, name, style);
  }
}

void Graph::drawEdge(draw::Canvas &canvas, size_t from, size_t to) const {
  const double x1 = left(from) + boxWidth, x2 = left(to);
  const double y1 = top(from) + boxHeight / 2, y2 = top(to) + boxHeight / 2;
  const draw::Paint paint = draw::Paint::stroked(draw::faintColour, 1, 0.7);
  std::vector<draw::Point> points = {{x1, y1}, {x2, y2}};
  if (to == from + 1) {
    canvas.curve({x1, y1}, {x2, y2}, paint);
  } else {
    // The line goes up, along the lane, and down between two columns, around
    // all boxes.
    const auto number = static_cast<double>(from % lanes);
    const double lane = top(from) - laneStep * (1 + number);
    const double gap = x2 - 5 - 2 * number;
    points = {{x1 - 12, top(from)},
              {x1 - 12, lane},
              {gap, lane},
              {gap, y2},
              {x2, y2}};
    canvas.polyline(points, paint);
  }
  canvas.region(points, {"", "",
                         "class='edge' data-from='" + std::to_string(from) +
                             "' data-to='" + std::to_string(to) + "'"});
}

std::string Graph::description(const Kernel &kernel) const {
  std::string text = kernel.root;
  for (const std::string &op : kernel.fused)
    text += " + " + op;
  text += "\n" + kernel.location;
  text += "\nstrategy: " +
          (kernel.strategy.empty() ? kernel.strategyKind : kernel.strategy);
  auto list = [&](const char *what, const std::vector<Operand> &operands) {
    for (const Operand &operand : operands)
      text += std::string("\n") + what + " " + operand.type +
              (operand.name.empty() ? "" : " " + operand.name) +
              (operand.from >= 0 ? " of #" + std::to_string(operand.from) : "");
  };
  list("reads", kernel.inputs);
  list("writes", kernel.results);
  return text;
}

/// Truncates a text to the width of a box.
std::string fitted(const draw::Canvas &canvas, std::string text,
                   const draw::TextStyle &style) {
  const std::string ellipsis = "\u2026";
  if (canvas.textWidth(text, style) <= boxWidth - 12)
    return text;
  while (!text.empty() &&
         canvas.textWidth(text + ellipsis, style) > boxWidth - 12) {
    // UTF-8 sequences are kept whole.
    while (text.size() > 1 && (text.back() & 0xc0) == 0x80)
      text.pop_back();
    text.pop_back();
  }
  return text + ellipsis;
}

void Graph::drawBox(draw::Canvas &canvas, size_t index) const {
  const Kernel &kernel = entry.kernels[index];
  const double x = left(index), y = top(index);
  const double seconds = bestSeconds(report, version, kernel);
  const auto batch = static_cast<double>(report.batch());
  draw::Paint box = draw::Paint::filled(boxColour);
  box.stroke = lineColour;
  box.strokeOpacity = 1;
  canvas.rect({x, y, boxWidth, boxHeight}, box);
  // A bar along the bottom shows the time relative to the slowest kernel.
  if (maxSeconds > 0)
    canvas.rect({x, y + boxHeight - 5, boxWidth * seconds / maxSeconds, 5},
                draw::Paint::filled(shareColour));
  draw::TextStyle strong, small;
  strong.bold = true;
  small.size = 10.5;
  canvas.text(
      {x + 6, y + 15},
      fitted(canvas, "#" + std::to_string(index) + " " + kernel.root, strong),
      strong);
  const std::string lines[] = {
      fusedText(kernel, 60),
      kernel.strategyKind +
          (kernel.flops() > 0 ? ", " + draw::flopsText(kernel.flops() * batch)
                              : ""),
      draw::bytesText(kernel.bytes() * batch) + ", " + draw::timeText(seconds)};
  for (size_t i = 0; i < std::size(lines); ++i)
    canvas.text({x + 6, y + 29 + 14 * static_cast<double>(i)},
                fitted(canvas, lines[i], small), small);
  canvas.region({x, y, boxWidth, boxHeight},
                {description(kernel), "#" + kernelId(entryIndex, index),
                 "class='node' data-kernel='" + std::to_string(index) + "'"});
}

std::string Graph::draw() const {
  draw::Canvas canvas = draw::Canvas::svg(
      std::max(left(entry.kernels.size()), 1240.0), rowTop(grids.size()));
  drawLegend(canvas);
  drawRows(canvas);
  for (size_t to = 0; to < entry.kernels.size(); ++to) {
    std::set<int> writers;
    for (const Operand &input : entry.kernels[to].inputs)
      if (input.from >= 0 && writers.insert(input.from).second)
        drawEdge(canvas, input.from, to);
  }
  for (size_t i = 0; i < entry.kernels.size(); ++i)
    drawBox(canvas, i);
  return pictureElement(canvas, "graph",
                        "Kernels of " + entry.name +
                            " and the tensors between them");
}

} // namespace

std::string graphSvg(const Report &report, size_t entry) {
  return Graph(report, entry).draw();
}

} // namespace segc::report
