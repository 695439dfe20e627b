//===- PixelReductions.h - Reductions of whole pixels -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Losses as reductions that follow the root, computed tile by tile as
// TileReductions does for sums of channels. All losses of the same logits are
// computed in one loop, which shares common values, above all the softmax.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELREDUCTIONS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELREDUCTIONS_H

#include "KernelHelpers.h"
#include "Reductions/PixelChannels.h"

namespace segc {

struct OutputBox;

class PixelReductions {
public:
  PixelReductions(seg::FusionOp fusion, const TileGrid &grid);

  /// Returns the floats of KernelBody::sums that the reductions use, from its
  /// beginning on.
  int64_t floats() const;
  /// Sums the consecutive pixels of a tile. Needs `scratchBytes` of scratch.
  void sumPixels(KernelBody &k, const Tile &tile, int64_t lanes);
  int64_t scratchBytes(int64_t lanes) const;
  /// Sums the outputs of a convolution's task. The box must contain all
  /// channels, at most maxUnrolledChannels, and contiguous pixels.
  void sumBox(KernelBody &k, const OutputBox &box, int64_t lanes);
  void emitMerges(FusionEmitter &emitter);

private:
  struct Reduction {
    PixelReductionOpInterface op;
    PixelSums sums;
  };
  /// The buffers of the logits and of their softmax.
  static constexpr int64_t buffers = 2;
  int64_t sumCount() const;
  int64_t channels() const;
  PixelVector load(KernelBody &k, mlir::Value pixel, mlir::Value count,
                   mlir::Value mask, int64_t lanes);
  static void addTerms(KernelBody &k, Reduction &reduction, PixelVector &pixels,
                       PixelTerms &terms);
  llvm::SmallVector<mlir::Value> addRow(KernelBody &k, mlir::Value begin,
                                        mlir::Value end, int64_t lanes,
                                        mlir::ValueRange sums);
  void store(KernelBody &k, mlir::Value sample, mlir::Value tile,
             mlir::ValueRange sums);
  void sumInScratch(KernelBody &k, const Tile &tile, mlir::Value base,
                    int64_t lanes);

  llvm::SmallVector<Reduction> reductions;
  mlir::Value reduced; ///< The stored value that all of them reduce.
  Dims size;           ///< Spatial sizes of a sample.
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELREDUCTIONS_H
