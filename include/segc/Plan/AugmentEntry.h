//===- AugmentEntry.h - Inputs of the entry `augment` -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the loader packs of a sample and the kernels of the entry `augment` read
// (docs/Augmentation.md): the part of the case that a crop covers, and the
// numbers that were drawn. Numbers that are not named here are 0.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_AUGMENTENTRY_H
#define SEGC_PLAN_AUGMENTENTRY_H

#include <cstdint>

namespace segc::augment {

inline constexpr const char *entryName = "augment";

/// @name Inputs, in their order
/// @{
/// f32 [N, E0, E1, E2, C]; 0 outside of the case and behind the drawn extent.
inline constexpr const char *crop = "crop";
/// i32 [N, E0, E1, E2]; -1 outside.
inline constexpr const char *cropLabels = "crop_labels";
inline constexpr const char *maps = "maps";               ///< f32 [N, 24]
inline constexpr const char *intensities = "intensities"; ///< f32 [N, C, 24]
inline constexpr const char *noiseKeys = "noise_keys";    ///< i32 [N, 4]
/// @}

/// Numbers of a sample in `maps`, and of each of its channels in `intensities`.
inline constexpr int64_t mapNumbers = 24, intensityNumbers = 24, noiseWords = 4;

/// Places in `maps`.
enum Map {
  MapExtent = 0, ///< 3: of the crop; what lies behind it is outside.
  /// 3x3, row by row: a step along axis j of the patch is matrix[i][j] along
  /// axis i of the crop, about both centres.
  MapMatrix = 3,
  MapFlip = 12, ///< 3: 1 for axes of the patch that are mirrored.
  MapZooms = 15 ///< 0: linear, labels by votes. 1: Catmull-Rom, labels nearest.
};

/// Places in `intensities`, in the order in which they are applied.
enum Intensity {
  Noise = 0,     ///< Standard deviation.
  BlurSigma = 1, ///< 3: voxels along each axis.
  Scale = 5,
  Shift = 6,
  Contrast = 7,       ///< Factor; 1: none.
  LowResolution = 8,  ///< 3: factor along each axis; 1: none.
  InvertedGamma = 11, ///< Exponent; 0: none.
  Gamma = 12,         ///< Exponent; 0: none.
  Masked = 13,        ///< 1: voxels without label become 0.
  BlurRadius = 14,    ///< 3: taps reach so far; 0: no filter along the axis.
  /// 3: extent of the grid of low resolution; that of the patch: none.
  LowResolutionExtent = 17
};

/// Words of `noise_keys`: the key of Philox, and words 2 and 3 of its counters.
/// Word 3 of channel c is c more than that of channel 0.
enum NoiseKey { KeyLow = 0, KeyHigh = 1, CounterSample = 2, CounterStream = 3 };

} // namespace segc::augment

#endif // SEGC_PLAN_AUGMENTENTRY_H
