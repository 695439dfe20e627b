//===- TileMerges.h - Merges of tiles ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The rows that the blocks of a reduction have stored for their tiles are
// merged for each sample, in parallel and in a fixed tree; the formula's own
// merge then finds one tile for each sample. Both are one launch where a block
// has few samples to walk over, or else two. Many tiles are merged in segments
// first. The tree depends on the tiles of a sample alone: the bits are the same
// for every number of samples.

#ifndef SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H
#define SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc {

/// A block that merges tiles: a column of threads for each of `columns`
/// numbers, whose rows of threads share the tiles of a sample. If it merges
/// samples, too, it walks over those of the call, `samplesAtOnce` in each
/// round.
struct MergeBlock {
  /// Samples of numbers that are not separable are merged in one block.
  MergeBlock(int64_t numbers, int64_t maxColumns, int64_t tiles,
             int64_t samples, bool isSeparable);

  int64_t threads() const { return samplesAtOnce * rows * columns; }
  /// Tiles of a thread that are loaded before they are merged.
  int64_t tilesAtOnce() const;
  /// How often a thread waits for its loads of a sample.
  int64_t waits() const {
    return divideUp(divideUp(tiles, rows), tilesAtOnce());
  }
  /// How long a round takes, in the time of a load: the tree takes another.
  int64_t roundLoads() const { return waits() + 1; }

  int64_t numbers, tiles, columns, rows;
  int64_t blocks; ///< For all numbers.
  int64_t samplesAtOnce, rounds;
  bool mergesSamples;
};

/// The merges of a reduction by channels, whose kernel has stored the rows of
/// `layout`, with `layout.channels` numbers each.
class ChannelMerge {
public:
  ChannelMerge(ChannelReductionOpInterface op, const MomentLayout &layout);

  /// Floats of KernelBody::sums from the layout's base on.
  int64_t floats() const;
  int64_t launches() const;
  /// What the merges take beyond launches that wait for loads once.
  double waitSeconds(const GpuTarget &target) const;
  void emit(GpuFusionEmitter &emitter);

private:
  using Parts = llvm::SmallVector<mlir::Value>;
  Parts mergeTilesOf(GpuKernelBody &k, mlir::Value sample, mlir::Value segment,
                     mlir::Value channel);
  Parts mergeSegments(GpuKernelBody &k, mlir::Value sample,
                      mlir::Value channel);
  mlir::Value segmentRow(GpuKernelBody &k, mlir::Value sample,
                         mlir::Value segment);
  void storeSample(GpuKernelBody &k, mlir::Value sample, mlir::Value channel,
                   mlir::ValueRange merged);

  ChannelReductionOpInterface op;
  MomentLayout tiles, samples; ///< The second has one tile for each sample.
  /// Of the tiles of a sample: rows and numbers of pixels, in front of
  /// `samples`.
  int64_t segments;
  MergeBlock segmentBlock, block;
};

/// The merges of a reduction over pixels.
class PixelMerge {
public:
  PixelMerge(PixelReductionOpInterface op, const PixelSums &sums);

  int64_t floats() const;
  void emit(GpuFusionEmitter &emitter);

private:
  void mergeSample(GpuKernelBody &k, mlir::Value sample, mlir::Value number,
                   mlir::Value stores);

  PixelReductionOpInterface op;
  PixelSums tiles, samples;
  MergeBlock block;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H
