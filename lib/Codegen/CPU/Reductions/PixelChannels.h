//===- PixelChannels.h - A pixel a lane, channel by channel -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels that need all channels of a pixel at once, losses and softmax, hold
// vectors of pixels, one for each channel. Of a few channels these are
// registers, and the kernel is written out for each of them; of more they lie
// in scratch, and the kernel loops over them: its size does not grow with them.

#ifndef SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H
#define SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H

#include "segc/Codegen/CPU/CpuKernels.h"

namespace segc {

/// Up to here kernels are written out for each channel.
inline constexpr int64_t maxUnrolledChannels = 8;

/// A channel by its number, or in a loop by its index.
class Channel {
public:
  explicit Channel(int64_t number) : number(number) {}
  explicit Channel(mlir::Value index) : index(index) {}

  bool isNumber() const { return !index; }
  int64_t getNumber() const { return number; }
  mlir::Value getIndex(KernelBody &k) const {
    return index ? index : k.index(number);
  }
  /// `base` + `offset` + `scale` * channel.
  mlir::Value from(KernelBody &k, mlir::Value base, int64_t offset = 0,
                   int64_t scale = 1) const;

private:
  int64_t number = 0;
  mlir::Value index;
};

/// Calls `body` for the channels [first, count) in order, with what the one
/// before returned.
llvm::SmallVector<mlir::Value>
forChannels(KernelBody &k, int64_t first, int64_t count,
            mlir::ValueRange carried,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(Channel,
                                                              mlir::ValueRange)>
                body);
void forChannels(KernelBody &k, int64_t count,
                 llvm::function_ref<void(Channel)> body);

/// A vector of pixels for each channel.
class PixelChannels {
public:
  /// `buffer`: which of a kernel's buffers these are, if they lie in scratch.
  PixelChannels(int64_t count, int64_t lanes, int64_t buffer = 0)
      : channels(count), lanes(lanes), base(buffer * count * lanes) {
    if (isUnrolled(count))
      registers.resize(count);
  }

  static bool isUnrolled(int64_t count) {
    return count <= maxUnrolledChannels;
  }
  /// Of so many buffers.
  static int64_t scratchBytes(int64_t count, int64_t lanes, int64_t buffers) {
    return isUnrolled(count) ? 0 : buffers * count * lanes * 4;
  }

  int64_t size() const { return channels; }
  int64_t getLanes() const { return lanes; }
  mlir::Value get(KernelBody &k, Channel channel) const;
  mlir::Value get(KernelBody &k, int64_t channel) const {
    return get(k, Channel(channel));
  }
  void set(KernelBody &k, Channel channel, mlir::Value value);

private:
  int64_t channels, lanes, base;
  llvm::SmallVector<mlir::Value> registers;
};

/// The channels of `lanes` consecutive pixels from `pixel` on. Pixels from
/// `count` on (null: all there) are zero.
PixelChannels loadPixels(KernelBody &k, mlir::Value memref, mlir::Value pixel,
                         int64_t channels, int64_t lanes, mlir::Value count,
                         int64_t buffer = 0);
/// The inverse of loadPixels.
void storePixels(KernelBody &k, const PixelChannels &values, mlir::Value memref,
                 mlir::Value pixel, mlir::Value count);
/// Softmax of one pixel a lane.
struct SoftmaxValues {
  PixelChannels probabilities;
  mlir::Value maximum, sum; ///< Of exp(z - maximum).
};
/// The probabilities take the `buffer`, which may be that of the logits.
SoftmaxValues emitSoftmax(KernelBody &k, const PixelChannels &logits,
                          int64_t buffer);
/// p * (grad - sum over channels of grad * p), in place of the gradients.
void emitSoftmaxGrad(KernelBody &k, const PixelChannels &probabilities,
                     PixelChannels &grads);

/// Consecutive pixels, one a lane, with their channels in the first buffer.
struct PixelVector {
  PixelVector(PixelChannels channels, mlir::Value first, mlir::Value mask)
      : channels(std::move(channels)), first(first), mask(mask) {}

  PixelChannels channels;
  mlir::Value first; ///< Index of the first pixel.
  mlir::Value mask;  ///< Lanes that are pixels; null if all are.

  /// Of the channels, in the second buffer: computed once, where it is first
  /// asked for. That must not be within a loop.
  const SoftmaxValues &softmax(KernelBody &k) const;

private:
  mutable std::optional<SoftmaxValues> values;
};

/// What a vector of pixels adds to the sums of a reduction: to sums that a
/// loop carries, or to sums in scratch.
class PixelTerms {
public:
  /// Terms that `take` returns.
  explicit PixelTerms(int64_t count) : terms(count) {}
  /// Sums in scratch from `base` on, of the lanes of `mask` (null: all).
  PixelTerms(int64_t base, mlir::Value mask) : base(base), mask(mask) {}

  /// Adds to the sum `first` + `channel`.
  void add(KernelBody &k, int64_t first, Channel channel, mlir::Value term);
  llvm::SmallVector<mlir::Value> take() { return std::move(terms); }

private:
  llvm::SmallVector<mlir::Value> terms;
  std::optional<int64_t> base;
  mlir::Value mask;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_REDUCTIONS_PIXELCHANNELS_H
