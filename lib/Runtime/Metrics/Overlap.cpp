//===- Overlap.cpp - Dice, IoU, sensitivity, precision --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Overlap.h"

#include <limits>

using namespace segc;

static double ratio(double numerator, double denominator) {
  return denominator == 0 ? std::numeric_limits<double>::quiet_NaN()
                          : numerator / denominator;
}

double Overlap::dice() const {
  return ratio(2.0 * double(truePositive), double(predicted() + expected()));
}

double Overlap::iou() const {
  return ratio(double(truePositive),
               double(truePositive + falsePositive + falseNegative));
}

double Overlap::sensitivity() const {
  return ratio(double(truePositive), double(expected()));
}

double Overlap::precision() const {
  return ratio(double(truePositive), double(predicted()));
}

Overlap segc::countOverlap(const int32_t *predicted, const int32_t *expected,
                           int64_t voxels, int32_t value) {
  int64_t inPrediction = 0, inLabel = 0, both = 0;
  for (int64_t i = 0; i < voxels; ++i) {
    const bool p = predicted[i] == value, e = expected[i] == value;
    inPrediction += p;
    inLabel += e;
    both += p && e;
  }
  return {both, inPrediction - both, inLabel - both,
          voxels - inPrediction - inLabel + both};
}
