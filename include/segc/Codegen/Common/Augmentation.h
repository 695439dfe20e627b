//===- Augmentation.h - Kernels of augmentation -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What kernels of augmentation compute for one element of an image, whichever
// thread or loop asks for it, and the passes of channel statistics. What was
// drawn for the element's sample and channel is read first: a channel that did
// not draw the op is copied.

#ifndef SEGC_CODEGEN_COMMON_AUGMENTATION_H
#define SEGC_CODEGEN_COMMON_AUGMENTATION_H

#include "segc/Codegen/Common/FusionKernelModel.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "llvm/Support/MathExtras.h"

#include <array>

namespace segc {

/// An element of an image with the numbers that were drawn for its channel.
class AugmentedElement {
public:
  /// `element` is its number in the sample.
  AugmentedElement(KernelBody &k, mlir::RankedTensorType image,
                   mlir::Value intensities, mlir::Value sample,
                   mlir::Value element);

  /// A number of the channel (augment::Intensity), of type f32.
  mlir::Value drawn(int64_t number) const;
  /// Whether a step is drawn, and the number that says so.
  mlir::Value isDrawn(seg::IntensityStep step) const;
  mlir::Value drawnFor(seg::IntensityStep step) const;
  /// One of the channel's statistics, of type f32.
  mlir::Value statistic(mlir::Value statistics, int64_t number) const;

  /// Sizes in depth, height and width; planes have depth 1.
  std::array<int64_t, 3> size;
  int64_t channels;
  mlir::Value sample, channel;
  std::array<mlir::Value, 3> position;
  mlir::Value place; ///< Number of the element in the tensor.

private:
  KernelBody &k;
  mlir::Value intensities, row; ///< The row counts samples and channels.
};

/// Elements of the first result of an op that augments, for each sample; labels
/// and images alike.
int64_t augmentedElements(mlir::Operation *op);
/// Emits what the op computes for an element of its results: all ops of
/// augmentation but channel_statistics.
void emitAugmented(KernelBody &k, mlir::Operation *op, mlir::Value sample,
                   mlir::Value element);

/// The model, of a target with the base class `Base`, of these ops.
template <typename Base>
using AugmentedOpModel =
    OpModel<Base, seg::SamplePatchOp, seg::SampleLabelsOp, seg::BlurAxisOp,
            seg::LowerResolutionOp, seg::AdjustContrastOp, seg::AdjustGammaOp,
            seg::RetainStatisticsOp>;

/// @name The ops that read a crop, part of emitAugmented
/// @{
void emitSamplePatch(KernelBody &k, seg::SamplePatchOp op, mlir::Value sample,
                     mlir::Value element);
void emitSampleLabels(KernelBody &k, seg::SampleLabelsOp op, mlir::Value sample,
                      mlir::Value voxel);
/// @}

/// The number of a channel that says how a step changes it, and whether such a
/// number, of type f32, asks for the step.
int64_t numberOfStep(seg::IntensityStep step);
mlir::Value asksForStep(KernelBody &k, seg::IntensityStep step,
                        mlir::Value number);

/// Integers of kernels: values of f32 that are whole numbers or cut to them.
mlir::Value indexOf(KernelBody &k, mlir::Value value);
/// The index as f32, exactly below 2^24.
mlir::Value floatOf(KernelBody &k, mlir::Value index);

/// The passes of a seg.channel_statistics: tiles of voxels are summed, and
/// their sums are merged, both in f64.
class StatisticsPasses {
public:
  /// `tileVoxels` voxels of a sample have sums in the temporary.
  StatisticsPasses(seg::ChannelStatisticsOp op, int64_t tileVoxels);

  /// What a thread or loop adds up: sum, sum of squares, minimum, maximum.
  static constexpr int64_t sumCount = 4;
  using Sums = llvm::SmallVector<mlir::Value>;

  int64_t getVoxels() const { return voxels; }
  int64_t getChannels() const { return channels; }
  int64_t getTiles() const {
    return llvm::divideCeilSigned(voxels, tileVoxels);
  }
  int64_t floats() const { return samples * getTiles() * channels * sumCount; }

  /// The sums of two parts together.
  static Sums emitMerged(KernelBody &k, mlir::ValueRange a, mlir::ValueRange b);

  /// The sums of voxels `first`, `first` + `step` and on of a tile. Channels
  /// that did not draw the step have none.
  Sums emitTileSums(KernelBody &k, mlir::Value sample, mlir::Value tile,
                    mlir::Value channel, mlir::Value first, int64_t step) const;
  void emitStoreTile(KernelBody &k, mlir::Value sample, mlir::Value tile,
                     mlir::Value channel, mlir::ValueRange sums) const;
  /// The sums of the tiles `first`, `first` + `step` and on of a sample.
  Sums emitSampleSums(KernelBody &k, mlir::Value sample, mlir::Value channel,
                      mlir::Value first, int64_t step) const;
  void emitStoreResults(KernelBody &k, mlir::Value sample, mlir::Value channel,
                        mlir::ValueRange sums) const;

private:
  mlir::Value isDrawn(KernelBody &k, mlir::Value sample,
                      mlir::Value channel) const;
  /// The loop of `body` over `first`, `first` + `step` and on below `end`.
  Sums emitLoop(KernelBody &k, mlir::Value isDrawn, mlir::Value first,
                mlir::Value end, int64_t step,
                llvm::function_ref<Sums(mlir::Value)> body) const;
  mlir::Value tilePlace(KernelBody &k, mlir::Value sample, mlir::Value tile,
                        mlir::Value channel) const;
  /// Voxels of a tile, as an index.
  mlir::Value tileEnd(KernelBody &k, mlir::Value tile) const;

  mlir::Value input, intensities, output;
  seg::IntensityStep step;
  int64_t samples, voxels, channels, tileVoxels;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_AUGMENTATION_H
