//===- SurfaceDistances.h - Hausdorff and surface distances -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_SURFACEDISTANCES_H
#define SEGC_RUNTIME_METRICS_SURFACEDISTANCES_H

#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Metrics/LabelGrid.h"

namespace segc {

/// Returns the voxels of `mask` that have a face in common with a voxel that
/// is not in it, or with the border of the grid. Slices have
/// two `axes`: none of their voxels borders across the plane.
Mask surfaceOf(const Mask &mask, const LabelGrid &grid, size_t axes);

/// Distances in mm from each surface voxel of one mask to the nearest of the
/// other, in ascending order.
struct SurfaceDistances {
  std::vector<double> fromPrediction, fromLabel;

  /// @name Measures
  /// NaN if both surfaces are empty. If one is, distances are infinite and the
  /// surface Dice is 0.
  /// @{
  double hausdorff() const;
  /// The larger of the two percentiles at `fraction`.
  double hausdorffPercentile(double fraction) const;
  /// The mean over all surface voxels of both (ASSD).
  double average() const;
  /// The share of surface voxels of both within `tolerance` mm.
  double surfaceDice(double tolerance) const;
  /// @}

private:
  bool bothEmpty() const { return fromPrediction.empty() && fromLabel.empty(); }
  bool oneEmpty() const { return fromPrediction.empty() != fromLabel.empty(); }
};

/// Measures class `value` of two label maps of one grid, within the bounding
/// box of both, at 11 bytes a voxel of the box.
SurfaceDistances surfaceDistances(const int32_t *predicted,
                                  const int32_t *expected, int32_t value,
                                  const LabelGrid &grid, ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_SURFACEDISTANCES_H
