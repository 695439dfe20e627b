//===- GraphSvg.cpp - The kernels of an entry as a graph ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Draw.h"

#include <set>

namespace segc::report {

namespace {

constexpr double boxWidth = 150, boxHeight = 66, columnStep = 172,
                 rowStep = 134, margin = 14, headline = 20;
/// Lines that pass over others' boxes run in lanes above their row.
constexpr int lanes = 6;
constexpr double laneStep = 6;
constexpr size_t boxCharacters = 20;

class Graph {
public:
  Graph(const Report &report, size_t entryIndex)
      : report(report), version(report.versions.front()),
        entry(version.entries[entryIndex]), entryIndex(entryIndex) {
    for (const Kernel &kernel : entry.kernels) {
      grids.insert({-kernel.positions, kernel.grid});
      most = std::max(most, bestSeconds(report, version, kernel));
    }
  }

  std::string draw();

private:
  double left(size_t kernel) const { return margin + kernel * columnStep; }
  double rowTop(size_t row) const { return margin + row * rowStep; }
  double top(size_t kernel) const {
    const Kernel &k = entry.kernels[kernel];
    size_t row =
        std::distance(grids.begin(), grids.find({-k.positions, k.grid}));
    return rowTop(row) + headline + lanes * laneStep;
  }
  void drawRows(Svg &svg) const;
  void drawEdge(Svg &svg, size_t from, size_t to) const;
  void drawBox(Svg &svg, size_t index) const;
  std::string description(const Kernel &kernel) const;

  const Report &report;
  const Version &version;
  const Entry &entry;
  size_t entryIndex;
  std::set<std::pair<int64_t, std::string>> grids; ///< Finest first.
  double most = 0;
};

void Graph::drawRows(Svg &svg) const {
  double width = left(entry.kernels.size());
  for (auto [row, grid] : llvm::enumerate(grids)) {
    svg.rect(0, rowTop(row), width, rowStep - 8, "row");
    std::string name = grid.second.empty() ? "no grid" : grid.second;
    // Once is not enough in a picture that is scrolled.
    for (double x = 8; x < width; x += 8 * columnStep)
      svg.text(x, rowTop(row) + 14, "faint", name);
  }
}

void Graph::drawEdge(Svg &svg, size_t from, size_t to) const {
  double x1 = left(from) + boxWidth, x2 = left(to);
  double y1 = top(from) + boxHeight / 2, y2 = top(to) + boxHeight / 2;
  std::string commands;
  if (to == from + 1) {
    double middle = (x1 + x2) / 2;
    commands = llvm::formatv("M{0:f1},{1:f1}C{2:f1},{1:f1} {2:f1},{3:f1} "
                             "{4:f1},{3:f1}",
                             x1, y1, middle, y2, x2);
  } else {
    // Up, along the lane, down between two columns: no box is in the way.
    double lane = top(from) - laneStep * static_cast<double>(1 + from % lanes);
    double gap = x2 - 5 - 2 * static_cast<double>(from % lanes);
    commands = llvm::formatv("M{0:f1},{1:f1}V{2:f1}H{3:f1}V{4:f1}H{5:f1}",
                             x1 - 12, top(from), lane, gap, y2, x2);
  }
  svg.path(commands,
           llvm::formatv("class='edge' data-from='{0}' data-to='{1}'", from, to)
               .str());
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

void Graph::drawBox(Svg &svg, size_t index) const {
  const Kernel &kernel = entry.kernels[index];
  double x = left(index), y = top(index);
  double seconds = bestSeconds(report, version, kernel);
  svg.beginLink(kernelId(entryIndex, index),
                llvm::formatv("class='node' data-kernel='{0}'", index).str(),
                description(kernel));
  svg.rect(x, y, boxWidth, boxHeight, "box");
  // The share of the slowest kernel's time, as a bar along the bottom.
  if (most > 0)
    svg.rect(x, y + boxHeight - 5, boxWidth * seconds / most, 5, "share");
  std::string number = "#" + std::to_string(index) + " ";
  std::string root = number + kernel.root;
  if (root.size() > boxCharacters - 4)
    root = root.substr(0, boxCharacters - 5) + "\u2026";
  svg.text(x + 6, y + 15, "strong", root);
  svg.text(x + 6, y + 29, "small", fusedText(kernel, boxCharacters));
  svg.text(x + 6, y + 43, "small",
           kernel.strategyKind +
               (kernel.flops() > 0
                    ? ", " + flopsText(kernel.flops() * report.batch())
                    : ""));
  svg.text(x + 6, y + 57, "small",
           bytesText(kernel.bytes() * report.batch()) + ", " +
               timeText(seconds));
  svg.endLink();
}

std::string Graph::draw() {
  Svg svg(left(entry.kernels.size()), rowTop(grids.size()), "graph",
          "Kernels of " + entry.name + " and the tensors between them");
  drawRows(svg);
  for (size_t to = 0; to < entry.kernels.size(); ++to) {
    std::set<int> writers;
    for (const Operand &input : entry.kernels[to].inputs)
      if (input.from >= 0 && writers.insert(input.from).second)
        drawEdge(svg, input.from, to);
  }
  for (size_t i = 0; i < entry.kernels.size(); ++i)
    drawBox(svg, i);
  return svg.finish();
}

} // namespace

std::string graphSvg(const Report &report, size_t entry) {
  return Graph(report, entry).draw();
}

} // namespace segc::report
