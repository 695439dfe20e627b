//===- Moments.h - Mean and variance from tiles -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics are taken tile by tile, by whichever kernel holds the values, and
// merged in order afterwards. What is merged is in f64, so that its order
// costs no accuracy.

#ifndef SEGC_CODEGEN_COMMON_MOMENTS_H
#define SEGC_CODEGEN_COMMON_MOMENTS_H

#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

/// Where the tiles of an activation and their two numbers a channel (mean and
/// sum of squared deviations, or two sums) lie in the temporary.
struct MomentLayout {
  MomentLayout(mlir::RankedTensorType activation, seg::NormKind kind,
               int64_t groups, int64_t tilePixels);

  /// Two rows of channels for each tile, then two for each sample.
  int64_t tempBytes() const { return samples * (tiles + 1) * 2 * channels * 4; }
  mlir::Value tileRow(KernelBody &k, mlir::Value sample,
                      mlir::Value tile) const;
  mlir::Value sampleRow(KernelBody &k, mlir::Value sample) const;
  /// Row of the statistics of `sample`.
  mlir::Value statisticsRow(KernelBody &k, mlir::Value sample) const;

  seg::NormKind kind;
  int64_t channels, pixels, samples, tilePixels, tiles, groups;
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
  /// Nothing if there is no memref.
  void store(mlir::Value value, mlir::Value memref, mlir::Value row) {
    if (memref)
      k.store(value, memref, k.add(row, first), mask);
  }

  KernelBody &k;
  int64_t lanes;
  mlir::Value first, mask;
};

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
/// moments of each sample in the temporary) and stores mean and 1/deviation of
/// the block's channels; either memref may be null.
void emitMergedMoments(KernelBody &k, ChannelBlock &block,
                       const MomentLayout &layout, double epsilon,
                       mlir::Value mean, mlir::Value rstd);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_MOMENTS_H
