//===- MemorySvg.cpp - The arena over time --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Draw.h"

namespace segc::report {

static constexpr double axisWidth = 76, plotHeight = 300, top = 14,
                        axisHeight = 34, leastWidth = 1200, leastTick = 5;
static constexpr unsigned colours = 6;

std::string memorySvg(const Entry &entry) {
  double kernels = std::max<size_t>(1, entry.kernels.size());
  double plotWidth = std::max(leastWidth, kernels * leastTick);
  double tick = plotWidth / kernels;
  double most = std::max<int64_t>({1, entry.arenaBytes, entry.arenaBound});
  auto x = [&](double kernel) { return axisWidth + kernel * tick; };
  auto y = [&](double offset) {
    return top + plotHeight * (1 - offset / most);
  };
  Svg svg(axisWidth + plotWidth + 8, top + plotHeight + axisHeight, "memory",
          "Arena of " + entry.name + " over time");
  for (int i = 0; i <= 4; ++i) {
    svg.line(x(0), y(most * i / 4), x(kernels), y(most * i / 4), "grid");
    svg.text(axisWidth - 6, y(most * i / 4) + 4, "end",
             bytesText(most * i / 4));
  }
  int peak = peakKernel(entry);
  svg.rect(x(peak), top, tick, plotHeight, "peak",
           "most memory: " + bytesText(bytesAlive(entry, peak)));
  for (auto [i, buffer] : llvm::enumerate(entry.buffers)) {
    double width = (buffer.last - buffer.first + 1) * tick;
    double height =
        y(buffer.offset) - y(static_cast<double>(buffer.offset + buffer.bytes));
    svg.rect(x(buffer.first),
             y(static_cast<double>(buffer.offset + buffer.bytes)), width,
             height, "buffer c" + std::to_string(i % colours),
             llvm::formatv("{0}\n{1}\n{2} at {3}\nkernels {4} to {5}",
                           buffer.name, buffer.type, bytesText(buffer.bytes),
                           buffer.offset, buffer.first, buffer.last)
                 .str());
    if (width > 7.0 * buffer.name.size() && height > 13)
      svg.text(x(buffer.first) + 4, y(buffer.offset + buffer.bytes / 2.0) + 4,
               "inside", buffer.name);
  }
  svg.line(x(0), y(entry.arenaBound), x(kernels), y(entry.arenaBound), "bound");
  int step = std::max(1, static_cast<int>(kernels / 16));
  for (int i = 0; i < kernels; i += step)
    svg.text(x(i + 0.5), top + plotHeight + 14, "middle", std::to_string(i));
  svg.text(x(kernels / 2), top + plotHeight + 30, "middle", "kernel");
  return svg.finish();
}

} // namespace segc::report
