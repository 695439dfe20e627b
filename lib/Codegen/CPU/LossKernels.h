//===- LossKernels.h - What losses on logits share --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Dice and cross-entropy: a launch over tiles of pixels (a pixel a lane), and
// for the losses one task that merges the tiles' sums in order, in f64.

#ifndef SEGC_LIB_CODEGEN_CPU_LOSSKERNELS_H
#define SEGC_LIB_CODEGEN_CPU_LOSSKERNELS_H

#include "KernelHelpers.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

/// Tiles of the logits' pixels.
struct LossLayout {
  explicit LossLayout(mlir::RankedTensorType logits)
      : samples(logits.getDimSize(0)), pixels(seg::spatialSize(logits)),
        classes(seg::channels(logits)),
        tilePixels(std::max<int64_t>(64, taskElements / 4 / classes)),
        tiles(llvm::divideCeilSigned(pixels, tilePixels)) {}

  /// The exponentials cost about 20 operations each.
  double flops() const { return 25.0 * static_cast<double>(pixels * classes); }

  int64_t samples, pixels, classes, tilePixels, tiles;
};

/// Logits and labels of the pixels of one vector.
struct PixelBatch {
  llvm::SmallVector<mlir::Value> logits;
  mlir::Value labels;
  /// Lanes whose label is `c`.
  mlir::Value isClass(KernelBody &k, int64_t c) const;
};

template <typename OpTy>
PixelBatch loadBatch(KernelBody &k, OpTy op, const LossLayout &layout,
                     int64_t lanes, mlir::Value pixel, mlir::Value count,
                     mlir::Value mask) {
  return {loadPixels(k, inputOf(k, op.getLogits()), pixel, layout.classes,
                     lanes, count),
          loadVector(k, inputOf(k, op.getLabels()), pixel, lanes, mask)};
}

/// Sums `sums` terms over each tile; a tile's sums lie side by side in the
/// temporary, tiles in order.
template <typename OpTy>
void emitTileSums(FusionEmitter &emitter, OpTy op, const LossLayout &layout,
                  int64_t sums,
                  llvm::function_ref<llvm::SmallVector<mlir::Value>(
                      KernelBody &, const PixelBatch &)>
                      terms) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch({0, layout.tiles}, 0, [&](KernelBody &k) {
    Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
    mlir::Value base = k.mul(tile.sample, layout.pixels),
                row = k.mul(k.task(), sums);
    llvm::SmallVector<mlir::Value> totals = sumPixelVectors(
        k, k.add(base, tile.begin), k.add(base, tile.end), lanes, sums,
        [&](mlir::Value pixel, mlir::Value count, mlir::Value mask) {
          return terms(k, loadBatch(k, op, layout, lanes, pixel, count, mask));
        });
    for (auto [i, total] : llvm::enumerate(totals))
      k.storeScalar(total, k.temp(), k.add(row, i));
  });
}

/// Computes the logits' gradient from vectors of pixels.
template <typename OpTy>
void emitLogitsGrad(
    FusionEmitter &emitter, OpTy op, const LossLayout &layout,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(KernelBody &,
                                                      mlir::Value sample)>
        prepare,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(
        KernelBody &, const PixelBatch &, llvm::ArrayRef<mlir::Value>)>
        body) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch({0, layout.tiles}, 0, [&](KernelBody &k) {
    Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
    mlir::Value base = k.mul(tile.sample, layout.pixels),
                output = outputOf(k, op.getOutput());
    llvm::SmallVector<mlir::Value> prepared;
    for (mlir::Value scalar : prepare(k, tile.sample))
      prepared.push_back(k.splat(toFloat(k, scalar), lanes));
    forPixelVectors(
        k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
        [&](mlir::Value pixel, mlir::Value count, mlir::Value mask) {
          PixelBatch batch =
              loadBatch(k, op, layout, lanes, pixel, count, mask);
          storePixels(k, body(k, batch, prepared), output, pixel, count);
        });
  });
}

seg::PointwiseMath doubles(KernelBody &k);
mlir::Value loadDouble(KernelBody &k, mlir::Value memref, mlir::Value index);
/// Sum of every `stride`-th element of [first, first + count * stride).
mlir::Value sumStrided(KernelBody &k, mlir::Value memref, mlir::Value first,
                       mlir::Value count, int64_t stride);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_LOSSKERNELS_H
