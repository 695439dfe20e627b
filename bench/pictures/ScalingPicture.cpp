//===- ScalingPicture.cpp - Curves of a simulated or measured scaling -----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalingPicture.h"

#include <algorithm>
#include <cmath>

using namespace segc;
using namespace segc::draw;

/// Powers of two, on a logarithmic axis.
static Axis axisOfDevices(const std::string &label, double most) {
  Axis axis;
  axis.label = label;
  axis.logarithmic = true;
  axis.low = 1;
  axis.high = std::max(most, 2.0);
  for (int64_t count = 1; count <= std::llround(axis.high); count *= 2)
    axis.ticks.push_back({static_cast<double>(count), std::to_string(count)});
  return axis;
}

LineChart scalingOf(JsonReader scaling) {
  LineChart chart;
  chart.title = scaling.string("title");
  chart.yLabel = scaling.string("y");
  chart.range = {scaling.number("low"), scaling.number("high")};
  double most = 1;
  scaling.forEach("series", [&](JsonReader series) {
    Series curve;
    curve.name = series.string("name");
    curve.colour = palette[chart.series.size() % paletteSize];
    series.forEach("points", [&](JsonReader point) {
      curve.points.push_back({point.number("x"), point.number("y")});
      most = std::max(most, curve.points.back().x);
    });
    chart.series.push_back(std::move(curve));
  });
  chart.horizontal = axisOfDevices(scaling.string("x"), most);
  return chart;
}
