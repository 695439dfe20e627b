//===- FilterGradPoints.h - Transforms of both factors ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADPOINTS_H
#define SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADPOINTS_H

#include "Winograd/WinogradTransform.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

namespace segc {

/// Transforms one of the two factors of a Winograd filter gradient: a box of
/// its tiles to the points that have the same index in the outer dimension. The
/// transform of that dimension comes first and reads the tensor itself: it sums
/// the planes that a tile reads to one plane, which neighbouring tiles share.
class FilterGradPoints {
public:
  /// The tensor, its sizes, and the offsets in scratch (in words) of its planes
  /// and points.
  struct Factor {
    TileSource source;
    TransformMatrices matrices;
    Dims size, low;
    int64_t channels;
    int64_t planes, points, pointPitch, tilePitch;
  };
  /// A box of `tiles` tiles, beginning at the tile `first`.
  struct Box {
    mlir::Value sample;
    std::array<mlir::Value, 3> first, tiles;
  };

  FilterGradPoints(const ConvProblem &problem,
                   const WinogradFilterGradTiling &tiling,
                   const MultiplyEmitter &multiplier, Factor factor)
      : problem(problem), tiling(tiling), multiplier(multiplier),
        factor(std::move(factor)), outer(tiling.outer()), inner(1 - outer) {}

  /// Transforms the channels [first, end) of a box to points. The channels of a
  /// vector are contiguous.
  void transform(KernelBody &body, const Box &box, mlir::Value point,
                 mlir::Value first, mlir::Value end) const;

private:
  TileView combinePlanes(KernelBody &body, const Box &box,
                         mlir::Value point) const;
  void combineRow(KernelBody &body, RowPacker &packer, const TileView &view,
                  int64_t point, const std::array<mlir::Value, 3> &origin,
                  mlir::Value tile, mlir::Value row) const;

  const ConvProblem &problem;
  const WinogradFilterGradTiling &tiling;
  const MultiplyEmitter &multiplier;
  Factor factor;
  /// `outer` is the dimension whose points are distributed to tasks, `inner`
  /// the other one of depth and height.
  unsigned outer, inner;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADPOINTS_H
