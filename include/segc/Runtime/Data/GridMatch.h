//===- GridMatch.h - Whether two files lie on one grid ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_GRIDMATCH_H
#define SEGC_RUNTIME_DATA_GRIDMATCH_H

#include "segc/Runtime/Data/Geometry.h"
#include "segc/Runtime/Data/Volume.h"

#include <cmath>

namespace segc {

class Notes;

/// Returns how the axes of `other`, a label or a further channel (`what`),
/// become those of the image. Two different grids are an error that describes
/// both (docs/Data.md).
StatusOr<AxisOrder> matchGrids(const VolumeGeometry &other,
                               const std::string &path,
                               const VolumeGeometry &image,
                               const std::string &imagePath, const char *what,
                               Notes &notes);

/// Whether a value of a label counts as the whole number next to it: a scale in
/// the header makes 0.9999995 of 1. NaN does not.
inline bool isWholeLabel(double value) {
  constexpr double wholeTolerance = 1e-3;
  return std::abs(value - std::round(value)) <= wholeTolerance;
}

/// "(x, y, z)" of a voxel in file order.
std::string voxelText(const VolumeGeometry &geometry, size_t place);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_GRIDMATCH_H
