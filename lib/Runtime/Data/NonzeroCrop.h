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
  std::vector<uint8_t> mask;

  /// No channel marks a voxel.
  bool isEmpty() const { return mask.empty(); }
};

/// The published example marks voxels above 0, v2 those that are not 0.
NonzeroCrop cropToNonzero(const std::vector<NetworkGrid<Voxels>> &channels,
                          PlanRules rules, ThreadPool &pool);

/// Sets what no path of face neighbours outside of the mask joins to the
/// outside of the box, as SciPy's binary_fill_holes does.
void fillHoles(std::vector<uint8_t> &mask, const Shape3 &shape);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_NONZEROCROP_H
