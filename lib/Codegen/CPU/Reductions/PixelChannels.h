//===- PixelChannels.h - Vectors of pixels by channel -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels that need all channels of a pixel at once (losses and softmax) have a
// vector of pixels for each channel. A few channels are kept in registers, more
// channels in scratch.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H

#include "segc/Codegen/CPU/CpuKernels.h"

namespace segc {

/// Vectors of pixels, one for each channel.
class PixelChannels : public ChannelValues {
public:
  /// `buffer` is the number of the kernel's buffer in scratch, if the channels
  /// are not kept in registers.
  PixelChannels(int64_t count, int64_t lanes, int64_t buffer = 0)
      : ChannelValues(count), lanes(lanes), base(buffer * count * lanes) {
    if (isUnrolled(count))
      registers.resize(count);
  }

  /// Returns the bytes of scratch for `buffers` buffers of `count` channels.
  static int64_t scratchBytes(int64_t count, int64_t lanes, int64_t buffers) {
    return isUnrolled(count) ? 0 : buffers * count * lanes * 4;
  }

  int64_t getLanes() const { return lanes; }
  mlir::Type getType(KernelBody &k) const override {
    return k.vectorType(lanes);
  }
  using ChannelValues::get;
  mlir::Value get(KernelBody &k, Channel channel) const override;
  void set(KernelBody &k, Channel channel, mlir::Value value) override;
  void setAll(KernelBody &k, Channel channel, mlir::Value scalar) override {
    set(k, channel, k.splat(scalar, lanes));
  }

private:
  int64_t lanes, base;
  llvm::SmallVector<mlir::Value> registers;
};

/// Loads the channels of `lanes` consecutive pixels from `pixel` on. With
/// `count`, pixels from `count` on are zero.
PixelChannels loadPixels(KernelBody &k, mlir::Value memref, mlir::Value pixel,
                         int64_t channels, int64_t lanes, mlir::Value count,
                         int64_t buffer = 0);
/// Stores the channels of consecutive pixels; the inverse of loadPixels.
void storePixels(KernelBody &k, const PixelChannels &values, mlir::Value memref,
                 mlir::Value pixel, mlir::Value count);

/// Consecutive pixels, one in each lane, with their channels in the first
/// buffer and the softmax of them in the second.
class PixelVector : public LossPixels {
public:
  PixelVector(PixelChannels channels, mlir::Value first, mlir::Value mask)
      : channels(std::move(channels)), first(first), mask(mask) {}
  PixelVector(const PixelVector &) = delete;

  /// Loads the labels that `labels` returns from an operand of the root.
  void loadLabels(KernelBody &k, mlir::Value operand);
  /// Loads what `weights` returns from an operand of the root.
  void loadWeights(KernelBody &k, mlir::Value operand);

  const ChannelValues &logits() const override { return channels; }
  const ChannelValues &probabilities(KernelBody &k) const override;
  const SoftmaxScale &softmaxScale() const override { return scale; }
  mlir::Value labels() const override { return labelVector; }
  mlir::Value weights() const override { return weightVector; }

private:
  PixelChannels channels;
  mlir::Value first; ///< The index of the first pixel.
  mlir::Value mask;  ///< Lanes that hold pixels; null if all do.
  mlir::Value labelVector, weightVector;
  mutable std::optional<PixelChannels> probabilityVectors;
  mutable SoftmaxScale scale;
};

/// The terms that a vector of pixels adds to the sums of a reduction. The sums
/// are carried by a loop or kept in scratch.
class PixelTerms {
public:
  /// Collects `count` terms, which `take` returns, for sums that a loop
  /// carries.
  explicit PixelTerms(int64_t count) : terms(count) {}
  /// Adds the lanes of `mask` (null: all) to sums in scratch from `base` on.
  PixelTerms(int64_t base, mlir::Value mask) : base(base), mask(mask) {}

  /// Adds `term` to the sum `first` + `channel`.
  void add(KernelBody &k, int64_t first, Channel channel, mlir::Value term);
  llvm::SmallVector<mlir::Value> take() { return std::move(terms); }

private:
  llvm::SmallVector<mlir::Value> terms;
  std::optional<int64_t> base;
  mlir::Value mask;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H
