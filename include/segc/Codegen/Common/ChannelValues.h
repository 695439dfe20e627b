//===- ChannelValues.h - All channels of a pixel ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Formulas that need all channels of a pixel at once, losses and softmax, are
// written for a pixel or for a vector of pixels. Kernels of few channels are
// unrolled; others loop over the channels, so that the size of the code does
// not grow with their number. The target decides where the values lie.

#ifndef SEGC_CODEGEN_COMMON_CHANNELVALUES_H
#define SEGC_CODEGEN_COMMON_CHANNELVALUES_H

#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

/// The largest number of channels for which kernels are unrolled.
inline constexpr int64_t maxUnrolledChannels = 8;

/// A channel: a constant in unrolled code, the induction variable in a loop.
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

/// Calls `body` for the channels [first, count) in order. Each call gets what
/// the previous one returned.
llvm::SmallVector<mlir::Value>
forChannels(KernelBody &k, int64_t first, int64_t count,
            mlir::ValueRange carried,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(Channel,
                                                              mlir::ValueRange)>
                body);
void forChannels(KernelBody &k, int64_t count,
                 llvm::function_ref<void(Channel)> body);

/// A value for each channel of a pixel, or of a vector of pixels.
class ChannelValues {
public:
  virtual ~ChannelValues() = default;

  int64_t size() const { return channels; }
  /// The type of a value: f32 or a vector of it.
  virtual mlir::Type getType(KernelBody &k) const = 0;
  virtual mlir::Value get(KernelBody &k, Channel channel) const = 0;
  mlir::Value get(KernelBody &k, int64_t channel) const {
    return get(k, Channel(channel));
  }
  virtual void set(KernelBody &k, Channel channel, mlir::Value value) = 0;
  /// Sets the channel of all pixels to the same scalar.
  virtual void setAll(KernelBody &k, Channel channel, mlir::Value scalar) = 0;

  static bool isUnrolled(int64_t count) { return count <= maxUnrolledChannels; }

protected:
  explicit ChannelValues(int64_t channels) : channels(channels) {}
  ChannelValues(const ChannelValues &) = default;
  ChannelValues &operator=(const ChannelValues &) = default;

  int64_t channels;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_CHANNELVALUES_H
