//===- Chart.h - Curves as pictures -----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_CHART_H
#define SEGC_RUNTIME_TRAIN_CHART_H

#include "segc/Runtime/Data/Png.h"

#include <string>
#include <utility>
#include <vector>

namespace segc {

/// A curve over training steps.
struct Curve {
  std::string name;
  Rgb colour;
  std::vector<std::pair<double, double>> points;
};

/// Two panels above each other: the losses, and the Dice scores from 0 to 1.
struct Chart {
  std::vector<Curve> losses, scores;

  RgbImage rasterise(int width, int height) const;
  std::string toSvg(int width, int height) const;
};

/// The values at which an axis from `low` to `high` shows numbers.
std::vector<double> axisTicks(double low, double high);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_CHART_H
