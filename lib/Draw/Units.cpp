//===- Units.cpp - Quantities as text -------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/Units.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace segc::draw {

std::string shortNumber(double value) {
  if (value == 0)
    return "0";
  int digits = std::clamp(
      2 - static_cast<int>(std::floor(std::log10(std::fabs(value)))), 0, 9);
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

static std::string inUnits(double value, double step,
                           const std::vector<const char *> &units) {
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

} // namespace segc::draw
