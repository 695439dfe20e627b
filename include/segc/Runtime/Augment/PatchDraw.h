//===- PatchDraw.h - What is drawn for a patch ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A patch of a case and what is done to it, all drawn from (seed, sample)
// alone: nothing depends on threads, or on the samples before it. The rules are
// those of nnU-Net v2 and of the published example (docs/Augmentation.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHDRAW_H
#define SEGC_RUNTIME_AUGMENT_PATCHDRAW_H

#include "segc/Runtime/Data/GridResize.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace segc {

/// A Gaussian along one axis: taps from -radius to radius, mirrored at edges
/// (the voxel at the edge counts once). No radius, no filter.
struct AxisBlur {
  float sigma = 0; ///< Voxels.
  int64_t radius = 0;
};

/// What is done to the intensities of one channel, in this order.
struct ChannelDraw {
  float noise = 0; ///< Standard deviation of what is added.
  std::array<AxisBlur, 3> blur;
  float scale = 1, shift = 0;
  /// Factor of the distance from the mean; the range is kept.
  std::optional<float> contrast;
  /// Each axis is reduced by the factor (nearest) and brought back (linear);
  /// axes of 1 stay.
  std::array<float, 3> lowResolution = {1, 1, 1};
  /// Exponents of the normalised intensities, first of the negative image; mean
  /// and standard deviation are kept.
  std::optional<float> invertedGamma, gamma;

  bool blurs() const {
    return blur[0].radius > 0 || blur[1].radius > 0 || blur[2].radius > 0;
  }
  bool reduces() const {
    return lowResolution != std::array<float, 3>{1, 1, 1};
  }
};

/// How a crop becomes a patch.
enum class CropMap {
  Copy,   ///< Extents are equal.
  Affine, ///< Linear, labels by votes; outside of the crop is nothing.
  Zoom,   ///< Resized: Catmull-Rom, labels by the nearest voxel.
};

struct PatchDraw {
  /// The crop in the case, which it may leave: images are 0 there, labels -1.
  Shape3 origin = {0, 0, 0}, extent = {0, 0, 0};
  CropMap map = CropMap::Copy;
  /// From a step in the patch to one in the crop, about their centres.
  std::array<std::array<double, 3>, 3> matrix = {
      {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  std::array<bool, 3> flip = {false, false, false}; ///< Axes of the patch.
  std::vector<ChannelDraw> channels;
  /// Key of the noise.
  uint64_t seed = 0, sample = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHDRAW_H
