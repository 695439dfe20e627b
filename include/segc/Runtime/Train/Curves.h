//===- Curves.h - Curves of a training log ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_CURVES_H
#define SEGC_RUNTIME_TRAIN_CURVES_H

#include "segc/Draw/LineChart.h"

#include <string>

namespace segc {

/// Losses and Dice scores over the steps of a training.
struct TrainingCurves {
  draw::LineChart losses, scores;
  bool empty() const { return losses.series.empty() && scores.series.empty(); }
};

/// Reads the curves of a train.jsonl; they are empty if there is no such file.
/// Lines that are not records are skipped.
TrainingCurves readCurves(const std::string &path);

/// Draw the losses above the scores, as pixels and as an <svg> element.
StatusOr<RgbImage> curvesPixels(const TrainingCurves &curves);
StatusOr<std::string> curvesSvg(const TrainingCurves &curves);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_CURVES_H
