//===- LossKernels.h - What losses on logits share --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Dice and cross-entropy, with a pixel a lane: what a vector adds to the sums
// of a tile, one task that merges the tiles in order, in f64, and gradients by
// tiles of pixels.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_LOSSKERNELS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_LOSSKERNELS_H

#include "Reductions/PixelChannels.h"
#include "Reductions/TileReductions.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

/// Of the logits; gradients are computed tile by tile.
struct LossLayout {
  explicit LossLayout(mlir::RankedTensorType logits)
      : pixels(seg::spatialSize(logits)), classes(seg::channels(logits)),
        tilePixels(std::max<int64_t>(64, taskElements / 4 / classes)),
        tiles(llvm::divideCeilSigned(pixels, tilePixels)) {}

  /// The exponentials cost about 20 operations each.
  double flops() const { return 25.0 * static_cast<double>(pixels * classes); }

  int64_t pixels, classes, tilePixels, tiles;
};

/// Logits and labels of the pixels of one vector.
struct PixelBatch {
  const PixelVector &pixels;
  mlir::Value labels;

  const PixelChannels &logits() const { return pixels.channels; }
  const SoftmaxValues &softmax(KernelBody &k) const {
    return pixels.softmax(k);
  }
  /// Lanes whose label is `c`.
  mlir::Value isClass(KernelBody &k, Channel c) const;
};

template <typename OpTy>
PixelBatch loadBatch(KernelBody &k, OpTy op, const PixelVector &pixels) {
  return {pixels, loadVector(k, inputOf(k, op.getLabels()), pixels.first,
                             pixels.channels.getLanes(), pixels.mask)};
}

/// A loss as a root of its own, or what other losses follow.
template <typename OpTy>
struct LossKernel
    : CpuKernelOpInterface::ExternalModel<LossKernel<OpTy>, OpTy> {
  mlir::DictionaryAttr selectCpuStrategy(mlir::Operation *,
                                         seg::FusionOp fusion,
                                         const CpuStrategyContext &) const {
    return reductionStrategy(fusion);
  }
  mlir::LogicalResult emitCpuKernel(mlir::Operation *,
                                    FusionEmitter &emitter) const {
    return emitReductionFusion(emitter);
  }
  bool hasCpuReductions(mlir::Operation *) const { return true; }
  bool hasCpuPixelReductions(mlir::Operation *) const { return true; }
  double flopsPerSample(mlir::Operation *op) const {
    return LossLayout(llvm::cast<OpTy>(op).getLogits().getType()).flops();
  }
};

/// Buffers of emitLogitsGrad beside those of a PixelVector: what is prepared.
/// Gradients take the place of the logits.
inline constexpr int64_t preparedBuffer = 2;

/// Computes the logits' gradient from vectors of pixels, given what a task
/// prepares in at most two buffers.
template <typename OpTy>
void emitLogitsGrad(
    FusionEmitter &emitter, OpTy op, const LossLayout &layout,
    llvm::function_ref<llvm::SmallVector<PixelChannels>(KernelBody &,
                                                        mlir::Value sample)>
        prepare,
    llvm::function_ref<PixelChannels(KernelBody &, const PixelBatch &,
                                     llvm::ArrayRef<PixelChannels>)>
        body) {
  int64_t lanes = emitter.getTarget().lanes,
          scratch = PixelChannels::scratchBytes(layout.classes, lanes,
                                                preparedBuffer + 2);
  emitter.launch({0, layout.tiles}, scratch, [&](KernelBody &k) {
    Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
    mlir::Value base = k.mul(tile.sample, layout.pixels),
                output = outputOf(k, op.getOutput());
    llvm::SmallVector<PixelChannels> prepared = prepare(k, tile.sample);
    forPixelVectors(
        k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
        [&](mlir::Value pixel, mlir::Value count, mlir::Value mask) {
          PixelVector pixels(loadPixels(k, inputOf(k, op.getLogits()), pixel,
                                        layout.classes, lanes, count),
                             pixel, mask);
          storePixels(k, body(k, loadBatch(k, op, pixels), prepared), output,
                      pixel, count);
        });
  });
}

seg::PointwiseMath doubles(KernelBody &k);
mlir::Value loadDouble(KernelBody &k, mlir::Value memref, mlir::Value index);
/// Sum of every `stride`-th element of [first, first + count * stride).
mlir::Value sumStrided(KernelBody &k, mlir::Value memref, mlir::Value first,
                       mlir::Value count, int64_t stride);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_REDUCTIONS_LOSSKERNELS_H
