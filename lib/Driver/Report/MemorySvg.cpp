//===- MemorySvg.cpp - The arena over time --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pictures.h"

#include "segc/Draw/Plot.h"
#include "llvm/Support/FormatVariadic.h"

namespace segc::report {

static constexpr double frameWidth = 110, minWidth = 1240, minTick = 5,
                        height = 420;
static constexpr Rgb bufferColours[] = {{127, 168, 232}, {230, 165, 126},
                                        {134, 199, 155}, {185, 163, 227},
                                        {220, 203, 116}, {121, 196, 203}};
static constexpr Rgb peakColour = {217, 72, 15};

/// Ticks with the kernels' numbers, centred under their columns.
static std::vector<draw::Tick> kernelTicks(size_t kernels) {
  std::vector<draw::Tick> ticks;
  for (size_t i = 0; i < kernels; i += std::max<size_t>(1, kernels / 16))
    ticks.push_back({static_cast<double>(i) + 0.5, std::to_string(i)});
  return ticks;
}

static void drawBuffer(draw::Canvas &canvas, const draw::Plot &plot,
                       const Buffer &buffer, Rgb colour) {
  const double top = plot.y(static_cast<double>(buffer.offset + buffer.bytes));
  const draw::Rect rect = {plot.x(buffer.first), top,
                           plot.x(buffer.last + 1) - plot.x(buffer.first),
                           plot.y(static_cast<double>(buffer.offset)) - top};
  draw::Paint paint = draw::Paint::filled(colour, 0.8);
  paint.stroke = {255, 255, 255};
  paint.strokeOpacity = 1;
  paint.lineWidth = 0.6;
  canvas.rect(rect, paint);
  draw::TextStyle style;
  style.size = 10;
  if (rect.height > 13 && canvas.textWidth(buffer.name, style) + 8 < rect.width)
    canvas.text({rect.x + 4, rect.y + rect.height / 2 + 4}, buffer.name, style);
  canvas.region(rect, {llvm::formatv("{0}\n{1}\n{2} at {3}\nkernels {4} to {5}",
                                     buffer.name, buffer.type,
                                     draw::bytesText(buffer.bytes),
                                     buffer.offset, buffer.first, buffer.last)
                           .str(),
                       "", "class='spot'"});
}

std::string memorySvg(const Entry &entry) {
  const size_t kernels = std::max<size_t>(1, entry.kernels.size());
  const double width =
      std::max(minWidth, frameWidth + minTick * static_cast<double>(kernels));
  const int peak = peakKernel(entry);
  const auto bound = static_cast<double>(entry.arenaBound);
  draw::Axis x, y;
  x.label = "kernel, in the order in which they run";
  x.high = static_cast<double>(kernels);
  x.ticks = kernelTicks(kernels);
  y.label = "place in the arena";
  y.high = static_cast<double>(
      std::max<int64_t>({1, entry.arenaBytes, entry.arenaBound}));
  y.ticks = draw::byteTicks(y.high);
  draw::Canvas canvas = draw::Canvas::svg(width, height);
  const draw::Plot plot(
      canvas, {0, 0, width, height}, "Arena of " + entry.name + " over time", x,
      y,
      {{"a buffer, from the kernel that writes it to the last that reads it",
        bufferColours[0], draw::LegendEntry::Box},
       {"most memory: kernel " + std::to_string(peak) + ", " +
            draw::bytesText(static_cast<double>(bytesAlive(entry, peak))),
        peakColour, draw::LegendEntry::Box},
       {"lower bound: " + draw::bytesText(bound), draw::limitColour,
        draw::LegendEntry::Dashes}});
  const draw::Rect &area = plot.area();
  const draw::Rect column = {plot.x(peak), area.y,
                             plot.x(peak + 1) - plot.x(peak), area.height};
  canvas.rect(column, draw::Paint::filled(peakColour, 0.3));
  for (const auto &[i, buffer] : llvm::enumerate(entry.buffers))
    drawBuffer(canvas, plot, buffer,
               bufferColours[i % std::size(bufferColours)]);
  canvas.rect(column, draw::Paint::stroked(peakColour, 2));
  draw::Paint line = draw::Paint::stroked(draw::limitColour, 2);
  line.dashed = true;
  canvas.line({area.x, plot.y(bound)}, {area.right(), plot.y(bound)}, line);
  return pictureElement(canvas, "memory", "Arena of " + entry.name);
}

} // namespace segc::report
