//===- Normalization.h - Normalisation of a channel -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H
#define SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H

#include "segc/Plan/Plan.h"

#include <algorithm>
#include <optional>
#include <string>

namespace segc {

class ThreadPool;

/// A channel of a cropped case and how it is normalised.
struct ChannelNormalization {
  PlanRules rules = PlanRules::V2;
  std::string scheme; ///< As in PlanConfiguration::normalization.
  bool useMask = false;
  ForegroundIntensities intensities; ///< For "ct".
  /// v2: values with a label below 0 lie outside of the mask.
  const int16_t *labels = nullptr;
};

/// A normalisation of each voxel by itself.
struct VoxelNormalization {
  /// Values are clipped, less `mean`, over `std`.
  double lowerClip = 0, upperClip = 0, mean = 0, std = 1;

  float operator()(float value) const {
    return static_cast<float>(
        (std::clamp(static_cast<double>(value), lowerClip, upperClip) - mean) /
        std);
  }
};

/// The normalisation of a scheme that looks at no other voxel; absent for
/// others.
std::optional<VoxelNormalization>
voxelNormalization(const ChannelNormalization &how);

/// Normalises in place. With a mask the published example takes values that
/// are not 0, v2 those with a label of at least 0; the others stay as they are.
/// Sums are made in double precision over blocks of a fixed length, in eight
/// sums each, so that the bits do not depend on the number of threads. Fails
/// for values that the scheme does not take.
Status normalizeChannel(const ChannelNormalization &how, float *values,
                        int64_t count, ThreadPool &pool);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H
