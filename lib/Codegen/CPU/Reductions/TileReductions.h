//===- TileReductions.h - Reductions that follow a root ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics of an activation need no pass over memory of their own: a task
// that has stored a tile reads it again while it is in the core's own cache.
// This is independent of the loops that computed the tile, and sums the values
// as they are rounded in memory.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_TILEREDUCTIONS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_TILEREDUCTIONS_H

#include "Reductions/PixelReductions.h"

namespace segc {

/// The outputs of a convolution's task: positions `first`, `first + step`, ...
/// and channels [firstChannel, endChannel). `endChannel` may exceed the number
/// of channels.
struct OutputBox {
  mlir::Value sample, number;
  std::array<mlir::Value, 3> first = {}, extents = {};
  Dims step{1, 1, 1};
  mlir::Value firstChannel = {}, endChannel = {};

  /// Returns the first pixel of the row (d, h), in samples of `size` pixels.
  mlir::Value pixel(KernelBody &k, const Dims &size, mlir::Value d,
                    mlir::Value h) const;
};

/// The reductions of a fusion whose tasks compute the tiles of a grid.
class TileReductions {
public:
  TileReductions(seg::FusionOp fusion, const TileGrid &grid);

  /// Returns the bytes of KernelBody::sums that the reductions use, a multiple
  /// of 64.
  int64_t bytes() const { return floats * 4; }

  /// Sums the consecutive pixels of a tile of an activation. Needs
  /// `scratchBytes` of scratch.
  void sumPixels(KernelBody &k, const Tile &tile, int64_t lanes);
  int64_t scratchBytes(int64_t lanes) const;
  /// Sums the outputs of a box that the task has stored.
  void sumBox(KernelBody &k, const OutputBox &box, int64_t lanes);

  /// Emits the launches that merge the partial sums of the tiles.
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
  int64_t floats; ///< Floats of the partial sums of both kinds.
};

/// Emits a fusion whose root is a reduction. It reduces one activation, an
/// input or the result of pointwise ops.
mlir::LogicalResult emitReductionFusion(FusionEmitter &emitter);
/// Returns the bytes of the temporary of such a fusion.
int64_t reductionTempBytes(seg::FusionOp fusion);

/// The model of reductions that are the root of their fusion. Other reductions
/// may follow them.
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
