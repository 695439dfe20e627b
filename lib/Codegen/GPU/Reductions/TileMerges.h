//===- TileMerges.h - Merges of tiles ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The rows that the blocks of a reduction have stored for their tiles are
// merged for each sample, in parallel and in a fixed tree; the formula's own
// merge then finds one tile for each sample. Both are one launch where a block
// has few samples to walk over, or else two. The bits are the same.

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
  /// Loads after those of the first round, which wait for each other.
  int64_t walkLoads() const { return (rounds - 1) * divideUp(tiles, rows); }

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
  /// Seconds that a walk over samples adds to the launches.
  double walkSeconds(const GpuTarget &target) const {
    return static_cast<double>(block.walkLoads()) * target.loadSeconds;
  }
  void emit(GpuFusionEmitter &emitter);

private:
  void mergeSample(GpuKernelBody &k, mlir::Value sample, mlir::Value channel,
                   mlir::Value stores);

  ChannelReductionOpInterface op;
  MomentLayout tiles, samples; ///< The second has one tile for each sample.
  MergeBlock block;
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
