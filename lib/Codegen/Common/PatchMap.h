//===- PatchMap.h - From a voxel of a patch to its crop ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_COMMON_PATCHMAP_H
#define SEGC_LIB_CODEGEN_COMMON_PATCHMAP_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

#include <array>

namespace segc {

/// The two neighbours of a position along an axis. Those outside have weight 0
/// and a place that can be read.
struct Neighbours {
  std::array<mlir::Value, 2> place, inside, weight;
  mlir::Value isSecondNearer;
  int64_t count; ///< 1: an axis that stays what it is.
};

/// The map of one sample from a voxel of the patch to its crop.
class PatchMap {
public:
  PatchMap(KernelBody &k, mlir::Value maps, mlir::Value sample,
           std::array<int64_t, 3> patch, llvm::ArrayRef<int64_t> crop,
           std::array<mlir::Value, 3> position);

  mlir::Value zooms() const { return resized; }
  Neighbours neighbours(size_t axis) const;
  /// The place of tap 0 to 3 of a resized axis, and its weight.
  std::pair<mlir::Value, mlir::Value> resizedTap(size_t axis,
                                                 mlir::Value tap) const;
  int64_t resizedTaps(size_t axis) const { return stays(axis) ? 1 : 4; }
  /// The place nearest to the voxel of a resized axis.
  mlir::Value resizedPlace(size_t axis) const;
  /// The number of a voxel of the crop among all.
  mlir::Value voxel(llvm::ArrayRef<mlir::Value> places) const;

private:
  mlir::Value number(int64_t i) const {
    return k.loadScalar(maps, k.add(row, i));
  }
  /// An axis of one voxel in crop and patch is left as it is.
  bool stays(size_t axis) const { return patch[axis] == 1 && crop[axis] == 1; }

  KernelBody &k;
  seg::PointwiseMath m;
  mlir::Value maps, sample, row;
  std::array<int64_t, 3> patch;
  llvm::SmallVector<int64_t> crop;
  std::array<mlir::Value, 3> extent, unflipped;
  mlir::Value resized;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_COMMON_PATCHMAP_H
