//===- FilterGradPoints.h - Tiles of a tensor as points ---------*- C++ -*-===//
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

/// One of the two factors of a Winograd filter gradient's products: a box of
/// its tiles is transformed to those points that share one of the outer
/// dimension. That dimension's transform comes first, straight from the tensor:
/// of all planes that a tile reads, one is written, and neighbours share it.
class FilterGradPoints {
public:
  /// The tensor, and where in scratch the planes and the points go, in words.
  struct Factor {
    TileSource source;
    TransformMatrices matrices;
    Dims size, low;
    int64_t channels;
    int64_t planes, points, pointPitch, tilePitch;
  };
  /// `tiles` tiles from `first` on.
  struct Box {
    mlir::Value sample;
    std::array<mlir::Value, 3> first, tiles;
  };

  FilterGradPoints(const ConvProblem &problem,
                   const WinogradFilterGradTiling &tiling,
                   const MultiplyEmitter &multiplier, Factor factor)
      : problem(problem), tiling(tiling), multiplier(multiplier),
        factor(std::move(factor)), outer(tiling.outer()), inner(1 - outer) {}

  /// Points of `[first, end)` of the channels, a vector's beside each other.
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
  /// The dimension whose points tasks share, and the other one whose rows are
  /// not contiguous.
  unsigned outer, inner;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADPOINTS_H
