//===- Overlap.h - Dice, IoU, sensitivity, precision ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_OVERLAP_H
#define SEGC_RUNTIME_METRICS_OVERLAP_H

#include <cstdint>

namespace segc {

/// Voxels of one class in a prediction and a label. A ratio whose denominator
/// is 0 is NaN (docs/Metrics.md).
struct Overlap {
  int64_t truePositive = 0, falsePositive = 0, falseNegative = 0,
          trueNegative = 0;

  int64_t predicted() const { return truePositive + falsePositive; }
  int64_t expected() const { return truePositive + falseNegative; }
  double dice() const;
  double iou() const;
  double sensitivity() const;
  double precision() const;
};

/// Counts the voxels of class `value`.
Overlap countOverlap(const int32_t *predicted, const int32_t *expected,
                     int64_t voxels, int32_t value);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_OVERLAP_H
