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

/// The curves of a train.jsonl; none where there is no such file. Lines that
/// are no records are passed over.
TrainingCurves readCurves(const std::string &path);

/// The same picture, as pixels and as an <svg> element: the losses above the
/// scores.
StatusOr<RgbImage> curvesPixels(const TrainingCurves &curves);
StatusOr<std::string> curvesSvg(const TrainingCurves &curves);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_CURVES_H
