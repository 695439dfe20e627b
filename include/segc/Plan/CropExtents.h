//===- CropExtents.h - Crops that augmentation takes ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_CROPEXTENTS_H
#define SEGC_PLAN_CROPEXTENTS_H

#include "segc/Plan/Plan.h"

namespace segc {

/// By which axes and angles v2 turns patches of this shape; planes have depth
/// 1.
struct PatchTurns {
  double largest; ///< Radians, in both directions.
  bool inPlane;   ///< Around the first axis only.
};
PatchTurns patchTurns(std::array<int64_t, 3> patch);

/// The crop that v2 takes for a patch so that turning it does not reach
/// outside.
std::array<int64_t, 3> enlargedPatch(std::array<int64_t, 3> patch);

/// The largest crop that is drawn for a patch by the rules.
std::array<int64_t, 3> cropExtents(PlanRules rules,
                                   std::array<int64_t, 3> patch);

} // namespace segc

#endif // SEGC_PLAN_CROPEXTENTS_H
