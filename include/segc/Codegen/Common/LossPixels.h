//===- LossPixels.h - Pixels of losses and their sums -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_LOSSPIXELS_H
#define SEGC_CODEGEN_COMMON_LOSSPIXELS_H

#include "segc/Codegen/Common/Softmax.h"

namespace segc {

/// The values that a loss reads at a pixel, or at a vector of pixels.
class LossPixels {
public:
  virtual ~LossPixels() = default;

  virtual const ChannelValues &logits() const = 0;
  /// Softmax of the logits. The first call emits it, so it must not be made
  /// inside a loop.
  virtual const ChannelValues &probabilities(KernelBody &k) const = 0;
  /// The scale of the softmax. `probabilities` must have been called before.
  virtual const SoftmaxScale &softmaxScale() const = 0;
  /// The labels, of type i32.
  virtual mlir::Value labels() const = 0;
  /// The numbers of the pixels, of type f32, if the op has such.
  virtual mlir::Value weights() const = 0;

  /// Whether the label is `c`.
  mlir::Value isClass(KernelBody &k, Channel c) const;
  /// Whether the label is one of `first` to `last`.
  mlir::Value isBetween(KernelBody &k, int64_t first, int64_t last) const;
  /// A number like the labels.
  mlir::Value labelConstant(KernelBody &k, int64_t value) const;
};

/// Adds a term to the sum `first` + channel.
using AddTerm =
    llvm::function_ref<void(int64_t first, Channel channel, mlir::Value term)>;

/// Layout of KernelBody::sums for a reduction over pixels: `count` numbers for
/// each tile, followed by `count` numbers for each sample.
struct PixelSums {
  int64_t samples, pixels, tiles, count, base;

  int64_t floats() const { return samples * (tiles + 1) * count; }
  mlir::Value tileRow(KernelBody &k, mlir::Value sample,
                      mlir::Value tile) const;
  mlir::Value sampleRow(KernelBody &k, mlir::Value sample) const;
};

/// Sum of every `stride`-th element of [first, first + count * stride), in f64.
mlir::Value sumStrided(KernelBody &k, mlir::Value memref, mlir::Value first,
                       mlir::Value count, int64_t stride);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_LOSSPIXELS_H
