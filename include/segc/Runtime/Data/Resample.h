//===- Resample.h - Resampling between grids --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// The samplings of the published pipelines (docs/ReferenceBehaviour.md, "U-Net's
// data" and "V-Net's data") and the way back from network grid to source grid. Planes are [y][x];
// volumes in file order have x fastest, in array order z fastest ([x][y][z]).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_RESAMPLE_H
#define SEGC_RUNTIME_DATA_RESAMPLE_H

#include "segc/Runtime/Data/Voxels.h"

#include <cstdint>
#include <vector>

namespace segc {

/// ITK's resampling with the identity transform onto a grid of the same
/// origin and spacing * from / to: source index = index * from / to. Array
/// order out. Linear, the edge held.
void resampleLinear(const VoxelView &source, float *result, Size3 to);
/// The same with the nearest voxel; halves go up.
void resampleNearest(const LabelView &source, int32_t *result, Size3 to);

/// Takes class probabilities from the network grid `from` (array order,
/// `classes` values a voxel) back to the source grid `to` by linear
/// interpolation at the inverse of resampleLinear's coordinates, edges held,
/// then the class of the largest one (the first of equals), in file order.
std::vector<uint8_t> labelsOnSourceGrid(const float *probabilities, Size3 from,
                                        int64_t classes, Size3 to);

/// Where a resized pixel lies in the source.
enum class PixelRule {
  HalfPixel, ///< (i + 0.5) * from / to - 0.5: TensorFlow 2
  Legacy,    ///< i * from / to: TensorFlow 1
};

/// Bilinear resize of one plane without antialiasing, edges held.
void resizeBilinear(const float *source, int64_t height, int64_t width,
                    float *result, int64_t newHeight, int64_t newWidth,
                    PixelRule rule = PixelRule::HalfPixel);

/// A box in units of the plane: 0 is the centre of the first pixel, 1 of the
/// last.
struct CropBox {
  float top = 0, left = 0, bottom = 1, right = 1;
};

/// TensorFlow's crop_and_resize of one plane: corner aligned, bilinear, 0
/// outside the plane.
void cropAndResize(const float *source, int64_t height, int64_t width,
                   CropBox box, float *result, int64_t newHeight,
                   int64_t newWidth);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_RESAMPLE_H
