//===- Draw.cpp - Pieces of a report page ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Draw.h"

#include "segc/Base/Html.h"
#include <cmath>

namespace segc::report {

std::string shortNumber(double value) {
  if (value == 0)
    return "0";
  int digits = std::clamp(
      2 - static_cast<int>(std::floor(std::log10(std::fabs(value)))), 0, 9);
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

/// The value in the largest unit of which it is at least one.
static std::string inUnits(double value, double step,
                           llvm::ArrayRef<const char *> units) {
  size_t unit = 0;
  for (; unit + 1 < units.size() && std::fabs(value) >= step; ++unit)
    value /= step;
  return shortNumber(value) + " " + units[unit];
}

std::string bytesText(double bytes) {
  return inUnits(bytes, 1024, {"B", "KiB", "MiB", "GiB"});
}
std::string timeText(double seconds) {
  return inUnits(seconds * 1e9, 1000, {"ns", "\u00b5s", "ms", "s"});
}
std::string flopsText(double flops) {
  return inUnits(flops, 1000, {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"});
}
std::string rateText(double perSecond) { return flopsText(perSecond) + "/s"; }
std::string bandwidthText(double bytesPerSecond) {
  return inUnits(bytesPerSecond, 1000, {"B/s", "kB/s", "MB/s", "GB/s"});
}

std::string kernelId(size_t entry, size_t kernel) {
  return "e" + std::to_string(entry) + "k" + std::to_string(kernel);
}

std::string fusedText(const Kernel &kernel, size_t mostCharacters) {
  std::string text;
  for (const std::string &op : kernel.fused) {
    text += text.empty() ? "+ " + op : ", " + op;
    if (text.size() > mostCharacters)
      return text.substr(0, mostCharacters - 1) + "\u2026";
  }
  return text;
}

double bestSeconds(const Report &report, const Version &version,
                   const Kernel &kernel) {
  return kernel.seconds().value_or(report.modelledSeconds(version, kernel));
}

Svg::Svg(double width, double height, llvm::StringRef kind,
         llvm::StringRef label)
    : out(buffer) {
  out << llvm::formatv("<svg class='{0}' data-picture='{0}' role='img' "
                       "aria-label='{1}' width='{2:f0}' height='{3:f0}' "
                       "viewBox='0 0 {2:f0} {3:f0}'>\n",
                       kind, escapeHtml(label), width, height);
}

static std::string titleElement(llvm::StringRef title) {
  return title.empty() ? "" : "<title>" + escapeHtml(title) + "</title>";
}

void Svg::rect(double x, double y, double width, double height,
               llvm::StringRef classes, llvm::StringRef title) {
  out << llvm::formatv("<rect class='{0}' x='{1:f1}' y='{2:f1}' "
                       "width='{3:f1}' height='{4:f1}'>{5}</rect>\n",
                       classes, x, y, width, height, titleElement(title));
}

void Svg::circle(double x, double y, double radius, llvm::StringRef classes,
                 llvm::StringRef title) {
  out << llvm::formatv("<circle class='{0}' cx='{1:f1}' cy='{2:f1}' "
                       "r='{3:f1}'>{4}</circle>\n",
                       classes, x, y, radius, titleElement(title));
}

void Svg::line(double x1, double y1, double x2, double y2,
               llvm::StringRef classes) {
  out << llvm::formatv("<line class='{0}' x1='{1:f1}' y1='{2:f1}' x2='{3:f1}' "
                       "y2='{4:f1}'/>\n",
                       classes, x1, y1, x2, y2);
}

void Svg::path(llvm::StringRef commands, llvm::StringRef attributes) {
  out << "<path d='" << commands << "' " << attributes << "/>\n";
}

void Svg::text(double x, double y, llvm::StringRef classes,
               llvm::StringRef content) {
  out << llvm::formatv("<text class='{0}' x='{1:f1}' y='{2:f1}'>{3}</text>\n",
                       classes, x, y, escapeHtml(content));
}

void Svg::beginLink(llvm::StringRef id, llvm::StringRef attributes,
                    llvm::StringRef title) {
  out << "<a href='#" << id << "' " << attributes << ">" << titleElement(title)
      << "\n";
}

std::string Svg::finish() {
  out << "</svg>\n";
  return std::move(buffer);
}

} // namespace segc::report
