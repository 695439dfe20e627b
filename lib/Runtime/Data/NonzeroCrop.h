//===- NonzeroCrop.h - The box of a case that is not empty ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NONZEROCROP_H
#define SEGC_LIB_RUNTIME_DATA_NONZEROCROP_H

#include "NetworkGrid.h"
#include "segc/Plan/Plan.h"

#include <vector>

namespace segc {

/// The smallest box around the voxels that any channel marks.
struct NonzeroCrop {
  Shape3 begin = {0, 0, 0}, shape = {0, 0, 0};
  /// Of each voxel of the box: 1 where a channel marks it. By the rules of v2
  /// what the marked voxels enclose counts too.
  std::vector<uint8_t> mask; ///< Empty where it was not asked for.

  /// No channel marks a voxel.
  bool isEmpty() const { return voxels() == 0; }
  int64_t voxels() const { return shape[0] * shape[1] * shape[2]; }
};

/// The published example marks voxels above 0, v2 those that are not 0. The
/// result has no mask. It is found from the ends of rows: where all voxels are
/// marked, few are looked at.
NonzeroCrop nonzeroBox(const std::vector<NetworkGrid<Voxels>> &channels,
                       PlanRules rules, ThreadPool &pool);

/// The same with the mask.
NonzeroCrop cropToNonzero(const std::vector<NetworkGrid<Voxels>> &channels,
                          PlanRules rules, ThreadPool &pool);

/// Sets what no path of face neighbours outside of the mask joins to the
/// outside of the box, as SciPy's binary_fill_holes does.
void fillHoles(std::vector<uint8_t> &mask, const Shape3 &shape);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_NONZEROCROP_H
