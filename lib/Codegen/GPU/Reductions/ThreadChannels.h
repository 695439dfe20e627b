//===- ThreadChannels.h - Channels of a pixel -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels that need all channels of a pixel at once (losses and softmax) have a
// thread for each pixel. A few channels are kept in registers, more channels in
// shared memory.

#ifndef SEGC_LIB_CODEGEN_GPU_REDUCTIONS_THREADCHANNELS_H
#define SEGC_LIB_CODEGEN_GPU_REDUCTIONS_THREADCHANNELS_H

#include "segc/Codegen/Common/LossPixels.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc {

/// A value for each channel, of the thread's own: in registers, or in shared
/// memory from element `base` on as [channel][thread], of the block's first
/// `threads`.
class ThreadChannels : public ChannelValues {
public:
  ThreadChannels(const GpuKernelBody &k, int64_t count, int64_t threads,
                 int64_t base);

  /// Floats of shared memory that a thread needs for `count` channels.
  static int64_t sharedFloats(int64_t count) {
    return isUnrolled(count) ? 0 : count;
  }

  mlir::Type getType(KernelBody &k) const override {
    return k.builder().getF32Type();
  }
  using ChannelValues::get;
  mlir::Value get(KernelBody &k, Channel channel) const override;
  void set(KernelBody &k, Channel channel, mlir::Value value) override;
  void setAll(KernelBody &k, Channel channel, mlir::Value scalar) override {
    set(k, channel, scalar);
  }

private:
  mlir::Value place(KernelBody &k, Channel channel) const;

  mlir::Value thread;
  int64_t threads, base;
  llvm::SmallVector<mlir::Value> registers;
};

/// Values in shared memory that all threads of the block read, from element
/// `base` on.
class BlockChannels : public ChannelValues {
public:
  BlockChannels(int64_t count, int64_t base)
      : ChannelValues(count), base(base) {}

  mlir::Type getType(KernelBody &k) const override {
    return k.builder().getF32Type();
  }
  using ChannelValues::get;
  mlir::Value get(KernelBody &k, Channel channel) const override {
    return k.loadScalar(k.scratch(), channel.from(k, k.index(base)));
  }
  void set(KernelBody &k, Channel channel, mlir::Value value) override {
    k.storeScalar(value, k.scratch(), channel.from(k, k.index(base)));
  }
  void setAll(KernelBody &k, Channel channel, mlir::Value scalar) override {
    set(k, channel, scalar);
  }

private:
  int64_t base;
};

/// The channels of a pixel in an input or a stored result: loaded at once into
/// registers, or where they are used.
class MemoryChannels : public ChannelValues {
public:
  MemoryChannels(GpuKernelBody &k, mlir::Value memref, mlir::Value pixel,
                 int64_t count);

  mlir::Type getType(KernelBody &k) const override {
    return k.builder().getF32Type();
  }
  using ChannelValues::get;
  mlir::Value get(KernelBody &k, Channel channel) const override;
  void set(KernelBody &, Channel, mlir::Value) override {
    llvm_unreachable("memory is only read");
  }
  void setAll(KernelBody &, Channel, mlir::Value) override {
    llvm_unreachable("memory is only read");
  }

private:
  mlir::Value memref, first;
  llvm::SmallVector<mlir::Value> registers;
};

/// Stores the channels of a pixel.
void storeChannels(GpuKernelBody &k, const ChannelValues &values,
                   mlir::Value memref, mlir::Value pixel);

/// The thread's pixel of a loss. More than a few channels have their softmax in
/// shared memory from element `base` on.
class ThreadPixel : public LossPixels {
public:
  ThreadPixel(GpuKernelBody &k, mlir::Value logits, mlir::Value pixel,
              int64_t channels, int64_t threads, int64_t base)
      : k(k), pixel(pixel), channels(k, logits, pixel, channels),
        softmax(k, channels, threads, base) {}

  /// Loads the label that `labels` returns from an operand of the root.
  void loadLabels(mlir::Value operand) {
    label = k.loadScalar(inputOf(k, operand), pixel);
  }

  /// Loads the number that `weights` returns from an operand of the root.
  void loadWeights(mlir::Value operand) {
    weight = k.loadScalar(inputOf(k, operand), pixel);
  }

  const ChannelValues &logits() const override { return channels; }
  const ChannelValues &probabilities(KernelBody &k) const override;
  const SoftmaxScale &softmaxScale() const override { return *scale; }
  mlir::Value labels() const override { return label; }
  mlir::Value weights() const override { return weight; }

private:
  GpuKernelBody &k;
  mlir::Value pixel, label, weight;
  MemoryChannels channels;
  mutable ThreadChannels softmax;
  mutable std::optional<SoftmaxScale> scale;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_REDUCTIONS_THREADCHANNELS_H
