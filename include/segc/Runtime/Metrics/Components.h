//===- Components.h - Connected components ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_COMPONENTS_H
#define SEGC_RUNTIME_METRICS_COMPONENTS_H

#include "segc/Runtime/Metrics/LabelGrid.h"

namespace segc {

enum class Connectivity {
  Faces,   ///< 6 neighbours, 4 in slices.
  Corners, ///< 26 neighbours, 8 in slices.
};

struct Components {
  /// 0 outside the mask, else 1.. in the order of the first voxels.
  std::vector<int32_t> labels;
  std::vector<int64_t> voxels; ///< Of component i + 1.

  size_t count() const { return voxels.size(); }
  /// The component with most voxels, the first of equals; 0 if there is none.
  int32_t largest() const;
};

Components connectedComponents(const Mask &mask, const LabelGrid &grid,
                               Connectivity connectivity);

/// Components of one class in a prediction and a label. One of the label is
/// detected if the prediction has any of its voxels; one of the prediction that
/// has no voxel of the label is a false positive.
struct Lesions {
  int64_t expected = 0, predicted = 0, detected = 0, falsePositive = 0;

  double sensitivity() const; ///< NaN without expected ones.
  double precision() const;   ///< NaN without predicted ones.
  double f1() const;          ///< NaN without either.
};

/// Counts the components of class `value`, connected through corners.
Lesions countLesions(const int32_t *predicted, const int32_t *expected,
                     int32_t value, const LabelGrid &grid);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_COMPONENTS_H
