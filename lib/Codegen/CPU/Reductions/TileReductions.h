//===- TileReductions.h - Reductions of what a kernel computes --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics of an activation cost no pass over memory: a task that has stored
// a tile reads it again while it is in the core's own cache, whatever loops
// computed it. What is added up is what memory holds.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_TILEREDUCTIONS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_TILEREDUCTIONS_H

#include "Reductions/PixelReductions.h"

namespace segc {

/// The outputs of a convolution's task: positions `first`, `first + step`, ...
/// and channels [firstChannel, endChannel), which may pass the last one.
struct OutputBox {
  mlir::Value sample, number;
  std::array<mlir::Value, 3> first, extents;
  Dims step{1, 1, 1};
  mlir::Value firstChannel, endChannel;

  /// The first pixel of a row, of samples of `size` pixels.
  mlir::Value pixel(KernelBody &k, const Dims &size, mlir::Value d,
                    mlir::Value h) const;
};

/// The reductions of a fusion whose tasks compute the tiles of a grid.
class TileReductions {
public:
  TileReductions(seg::FusionOp fusion, const TileGrid &grid);

  /// Of KernelBody::sums; a multiple of 64.
  int64_t bytes() const { return floats * 4; }

  /// Adds up the consecutive pixels of a tile of an activation. Needs
  /// `scratchBytes` of scratch.
  void sumPixels(KernelBody &k, const Tile &tile, int64_t lanes);
  int64_t scratchBytes(int64_t lanes) const;
  /// Adds up the outputs of a box that the task has stored.
  void sumBox(KernelBody &k, const OutputBox &box, int64_t lanes);

  /// Adds the launches after those that compute the tiles.
  void emitMerges(FusionEmitter &emitter);

  struct Reduction {
    ChannelReductionOpInterface op;
    MomentLayout layout;
  };

private:
  void store(KernelBody &k, const Reduction &reduction,
             const ReductionTile &tile, mlir::Value channel, mlir::Value mask,
             mlir::ValueRange rows);
  void sumBox(KernelBody &k, Reduction &reduction, const OutputBox &box,
              int64_t lanes);
  static void emitMerge(FusionEmitter &emitter, Reduction &reduction);

  PixelReductions pixels;
  llvm::SmallVector<Reduction> reductions;
  int64_t floats; ///< Of both.
};

/// Emits a fusion that reduces one activation, read or computed by pointwise
/// ops.
mlir::LogicalResult emitReductionFusion(FusionEmitter &emitter);
/// Bytes of its temporary.
int64_t reductionTempBytes(seg::FusionOp fusion);

/// Reductions of a formula's interface as roots of their own, or what others
/// follow.
template <typename Formula>
struct CpuReductionModel : CpuFormulaModel<Formula> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    return reductionTempBytes(fusion);
  }
  mlir::LogicalResult emitKernels(mlir::Operation *,
                                  FusionEmitter &emitter) const override {
    return emitReductionFusion(emitter);
  }
  bool hasReductions(mlir::Operation *) const override { return true; }
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_REDUCTIONS_TILEREDUCTIONS_H
