//===- CropExtents.cpp - Crops that augmentation takes --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/CropExtents.h"

#include <algorithm>
#include <cmath>

using namespace segc;

static constexpr double pi = 3.14159265358979323846;

/// nnU-Net's threshold of anisotropy, between the largest and the first axis.
static constexpr double anisotropic = 3;

PatchTurns segc::patchTurns(std::array<int64_t, 3> patch) {
  const int64_t largest = std::max(patch[1], patch[2]);
  if (patch[0] == 1) {
    const auto ratio = static_cast<double>(largest) /
                       static_cast<double>(std::min(patch[1], patch[2]));
    return {ratio > 1.5 ? pi / 12 : pi, true};
  }
  if (static_cast<double>(std::max(largest, patch[0])) /
          static_cast<double>(patch[0]) >
      anisotropic)
    return {pi, true};
  return {pi / 6, false};
}

std::array<int64_t, 3> segc::enlargedPatch(std::array<int64_t, 3> patch) {
  const PatchTurns turns = patchTurns(patch);
  const double angle = std::min(turns.largest, pi / 2);
  const double sine = std::sin(angle), cosine = std::cos(angle);
  std::array<double, 3> size;
  for (size_t axis = 0; axis < 3; ++axis)
    size[axis] = static_cast<double>(patch[axis]);
  std::array<double, 3> largest = size;
  // A turn by the largest angle around each axis by itself; of the two others
  // one becomes longer. v2 looks at one corner only.
  auto turn = [&](size_t a, size_t b) {
    largest[a] =
        std::max(largest[a], std::abs(size[a] * cosine + size[b] * sine));
    largest[b] =
        std::max(largest[b], std::abs(size[b] * cosine - size[a] * sine));
  };
  turn(1, 2);
  if (patch[0] > 1) {
    turn(2, 0);
    turn(0, 1);
  }
  std::array<int64_t, 3> result;
  for (size_t axis = 0; axis < 3; ++axis)
    result[axis] = static_cast<int64_t>(largest[axis] / 0.85);
  if (turns.inPlane)
    result[0] = patch[0];
  return result;
}

std::array<int64_t, 3> segc::cropExtents(PlanRules rules,
                                         std::array<int64_t, 3> patch) {
  return rules == PlanRules::V2 ? enlargedPatch(patch) : patch;
}
