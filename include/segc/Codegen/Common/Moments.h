//===- Moments.h - Sums and moments from tiles ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics are taken tile by tile, by whichever kernel holds the values, and
// merged in order afterwards. Merges are computed in f64, so that their order
// does not affect the accuracy.

#ifndef SEGC_CODEGEN_COMMON_MOMENTS_H
#define SEGC_CODEGEN_COMMON_MOMENTS_H

#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// How the pixels of a sample are cut into tiles: boxes of at most `tile`
/// positions of each phase, the phases of a box one after the other.
struct TileGrid {
  Dims size; ///< Pixels of a sample; multiples of `phases`.
  Dims tile; ///< Positions of one phase.
  Dims phases{1, 1, 1};

  /// Tiles of consecutive pixels.
  static TileGrid ofPixels(int64_t pixels, int64_t tilePixels) {
    return {{1, 1, pixels}, {1, 1, tilePixels}};
  }
  /// Positions of one phase.
  Dims space() const;
  int64_t tiles() const;
  /// Number of pixels of tile number `tile`, an index.
  mlir::Value pixels(KernelBody &k, mlir::Value tile) const;
};

/// Layout of KernelBody::sums for the statistics of an activation: rows of one
/// number for each channel (mean and sum of squared deviations, or sums).
struct MomentLayout {
  MomentLayout(mlir::RankedTensorType activation, seg::NormKind kind,
               int64_t groups, const TileGrid &grid, int64_t base = 0);

  /// Two rows of channels for each tile, then two for each sample.
  int64_t floats() const { return samples * (tiles + 1) * 2 * channels; }
  mlir::Value tileRow(KernelBody &k, mlir::Value sample,
                      mlir::Value tile) const;
  mlir::Value sampleRow(KernelBody &k, mlir::Value sample) const;
  /// First element of the statistics of `sample`.
  mlir::Value statisticsRow(KernelBody &k, mlir::Value sample) const;
  /// Number of samples of the call.
  mlir::Value callSamples(KernelBody &k) const {
    return batched ? k.batch() : k.index(1);
  }

  seg::NormKind kind;
  TileGrid grid;
  int64_t channels, pixels, samples, tiles, groups, base;
  bool batched; ///< Rank 1 is one pixel of one sample.
};

/// A tile whose pixels a reduction adds up.
struct ReductionTile {
  mlir::Value sample;
  mlir::Value number; ///< Within the sample.
  mlir::Value first;  ///< Element of the first pixel's channel 0.
  mlir::Value pixels; ///< Number of pixels, an index.
};

/// One number a channel, from element `row` of an operand's memory on.
struct ChannelRow {
  mlir::Value operand, row;
};

/// A vector of channels that a merging task works on.
struct ChannelBlock {
  /// A null mask means all lanes.
  ChannelBlock(KernelBody &k, mlir::Value first, int64_t lanes,
               mlir::Value mask)
      : k(k), lanes(lanes), first(first), mask(mask) {}

  mlir::Value load(mlir::Value memref, mlir::Value row) {
    return k.load(memref, k.add(row, first), lanes, mask);
  }
  /// Stores the value; does nothing if `memref` is null.
  void store(mlir::Value value, mlir::Value memref, mlir::Value row) {
    if (memref)
      k.store(value, memref, k.add(row, first), mask);
  }

  KernelBody &k;
  int64_t lanes;
  mlir::Value first, mask;
};

/// Adds up rows of two parts of the pixels and, last, their numbers of pixels:
/// vectors of f64 and an f64.
llvm::SmallVector<mlir::Value> addParts(KernelBody &k, mlir::ValueRange part,
                                        mlir::ValueRange other);
/// Merges mean and sum of squared deviations of two parts by Chan's formula.
/// `other` is not empty.
llvm::SmallVector<mlir::Value>
mergeMoments(KernelBody &k, mlir::ValueRange part, mlir::ValueRange other);
/// The rows of tile number `tile` of sample 0 (numbers continue in the next
/// sample) and the number of its pixels, as the merges take them.
llvm::SmallVector<mlir::Value> loadPart(KernelBody &k, ChannelBlock &block,
                                        const MomentLayout &layout,
                                        unsigned rows, mlir::Value tile);

/// Merges the tiles of samples [first, past) by Chan's formula: mean and sum
/// of squared deviations (vectors of f64), and the count (f64).
llvm::SmallVector<mlir::Value> mergeMoments(KernelBody &k, ChannelBlock &block,
                                            const MomentLayout &layout,
                                            mlir::Value first,
                                            mlir::Value past);

/// 1 / sqrt(M2 / count + epsilon), all in f64.
mlir::Value reciprocalDeviation(KernelBody &k, mlir::Value squares,
                                mlir::Value inverseCount, double epsilon);

/// Merges the tiles of batch or instance statistics (for groups: stores the
/// moments of each sample among the sums) and stores mean and 1/deviation of
/// the block's channels; either memref may be null.
void emitMergedMoments(KernelBody &k, ChannelBlock &block,
                       const MomentLayout &layout, double epsilon,
                       mlir::Value mean, mlir::Value rstd);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_MOMENTS_H
