//===- Curves.cpp - Curves of a training log ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Curves.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Train/Log.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace segc;
using namespace segc::draw;

static constexpr double width = 900, panelHeight = 320, pixelScale = 1.5;

/// A colour goes with a name, not with the order in which records came: the two
/// totals of the losses have the first ones, the others the next from their
/// hash that is free.
static void colourByName(std::vector<Series> &curves, size_t reserved) {
  std::sort(curves.begin(), curves.end(),
            [](const Series &a, const Series &b) { return a.name < b.name; });
  std::set<size_t> taken;
  for (Series &curve : curves) {
    size_t colour = 0;
    if (curve.name == "eval_total_loss") {
      colour = 1;
    } else if (curve.name != "train_total_loss") {
      const size_t others = paletteSize - reserved,
                   start = hashName(curve.name);
      size_t i = 0;
      do
        colour = reserved + (start + i) % others;
      while (taken.count(colour) && ++i < others);
      taken.insert(colour);
    }
    curve.colour = palette[colour];
  }
}

/// Adds (step, value) to the curve with this name.
static void addPoint(std::vector<Series> &curves, const std::string &name,
                     double step, double value) {
  auto found =
      std::find_if(curves.begin(), curves.end(),
                   [&](const Series &curve) { return curve.name == name; });
  if (found == curves.end()) {
    curves.push_back({name, {}, {}});
    found = curves.end() - 1;
  }
  found->points.push_back({step, value});
}

TrainingCurves segc::readCurves(const std::string &path) {
  TrainingCurves curves;
  curves.losses.title = "Loss";
  curves.losses.xLabel = curves.scores.xLabel = "training step";
  curves.losses.yLabel = "loss";
  curves.scores.title = "Dice";
  curves.scores.yLabel = "Dice score (0 to 1)";
  curves.scores.range = {0, 1};
  for (const OrderedJson &record : readLog(path)) {
    const auto step = record.find("step"), data = record.find("data");
    if (step == record.end() || data == record.end() || !step->is_number() ||
        !data->is_object())
      continue;
    for (const auto &[name, value] : data->items()) {
      // What a run may lose itself in: no axis shows that.
      if (!value.is_number() || std::abs(value.get<double>()) > 1e100)
        continue;
      const ValueGroup group = groupOf(name);
      if (group == ValueGroup::Loss)
        addPoint(curves.losses.series, name, step->get<double>(),
                 value.get<double>());
      else if (group == ValueGroup::Dice)
        addPoint(curves.scores.series, name, step->get<double>(),
                 value.get<double>());
    }
  }
  colourByName(curves.losses.series, 2);
  colourByName(curves.scores.series, 0);
  return curves;
}

static double heightOf(const TrainingCurves &curves) {
  return panelHeight *
         (!curves.losses.series.empty() + !curves.scores.series.empty());
}

static void drawCurves(Canvas &canvas, const TrainingCurves &curves) {
  double top = 0;
  for (const LineChart *chart : {&curves.losses, &curves.scores})
    if (!chart->series.empty()) {
      drawLineChart(canvas, {0, top, width, panelHeight}, *chart);
      top += panelHeight;
    }
}

StatusOr<RgbImage> segc::curvesPixels(const TrainingCurves &curves) {
  Canvas canvas = Canvas::pixels(width, heightOf(curves), pixelScale);
  drawCurves(canvas, curves);
  return canvas.finishPixels();
}

StatusOr<std::string> segc::curvesSvg(const TrainingCurves &curves) {
  Canvas canvas = Canvas::svg(width, heightOf(curves));
  drawCurves(canvas, curves);
  return canvas.finishSvg("training curves");
}
