//===- Resample.h - Resampling between grids --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// The resampling of the published pipelines (docs/ReferenceBehaviour.md,
// "U-Net's data" and "V-Net's data") and its inverse, from the network's grid
// to the source grid. Planes are [y][x]. In volumes in file order x runs
// fastest, in array order z ([x][y][z]).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_RESAMPLE_H
#define SEGC_RUNTIME_DATA_RESAMPLE_H

#include "segc/Runtime/Data/Voxels.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace segc {

/// Resamples as ITK does with the identity transform, onto a grid of the same
/// origin and spacing * from / to: source index = index * from / to. The result
/// is in array order, interpolated linearly; the edge value continues outside.
void resampleLinear(const VoxelView &source, float *result, Size3 to);
/// Does the same with the nearest voxel; halves are rounded up.
void resampleNearest(const LabelView &source, int32_t *result, Size3 to);

/// Interpolates class probabilities on the network's grid `from` (array order,
/// `classes` values a voxel) linearly on the source grid `to`, at the inverse
/// of resampleLinear's coordinates. Returns the class of the largest
/// probability (the first of equals) of each voxel, in file order. `visit`,
/// unless it is empty, gets the interpolated probabilities of each voxel.
std::vector<uint8_t> labelsOnSourceGrid(
    const float *probabilities, Size3 from, int64_t classes, Size3 to,
    const std::function<void(int64_t voxel, const double *values)> &visit = {});

/// The position of a resized pixel in the source.
enum class PixelRule {
  HalfPixel, ///< (i + 0.5) * from / to - 0.5: TensorFlow 2
  Legacy,    ///< i * from / to: TensorFlow 1
};

/// Resizes one plane bilinearly without antialiasing; the edge value continues
/// outside.
void resizeBilinear(const float *source, int64_t height, int64_t width,
                    float *result, int64_t newHeight, int64_t newWidth,
                    PixelRule rule = PixelRule::HalfPixel);

/// A box in units of the plane: 0 is the centre of the first pixel, 1 of the
/// last.
struct CropBox {
  float top = 0, left = 0, bottom = 1, right = 1;
};

/// Implements TensorFlow's crop_and_resize for one plane: corners are aligned,
/// interpolation is bilinear, and pixels outside the plane are 0.
void cropAndResize(const float *source, int64_t height, int64_t width,
                   CropBox box, float *result, int64_t newHeight,
                   int64_t newWidth);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_RESAMPLE_H
