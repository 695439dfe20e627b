//===- ThreadChannels.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/ThreadChannels.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

ThreadChannels::ThreadChannels(const GpuKernelBody &k, int64_t count,
                               int64_t threads, int64_t base)
    : ChannelValues(count), thread(k.thread()), threads(threads), base(base) {
  if (isUnrolled(count))
    registers.resize(count);
}

Value ThreadChannels::place(KernelBody &k, Channel channel) const {
  return channel.from(k, k.add(thread, base), 0, threads);
}

Value ThreadChannels::get(KernelBody &k, Channel channel) const {
  return isUnrolled(channels) ? registers[channel.getNumber()]
                              : k.loadScalar(k.scratch(), place(k, channel));
}

void ThreadChannels::set(KernelBody &k, Channel channel, Value value) {
  if (isUnrolled(channels))
    registers[channel.getNumber()] = value;
  else
    k.storeScalar(value, k.scratch(), place(k, channel));
}

/// The widest aligned access to a few channels of a pixel.
static int64_t lanesOf(int64_t channels) {
  return channels % 4 == 0 ? 4 : channels % 2 == 0 ? 2 : 1;
}

MemoryChannels::MemoryChannels(GpuKernelBody &k, Value memref, Value pixel,
                               int64_t count)
    : ChannelValues(count), memref(memref), first(k.mul(pixel, count)) {
  if (!isUnrolled(count))
    return;
  int64_t lanes = lanesOf(count);
  for (int64_t c = 0; c < count; c += lanes) {
    Value vector = k.load(memref, k.add(first, c), lanes);
    for (int64_t lane = 0; lane < lanes; ++lane)
      registers.push_back(
          vector::ExtractOp::create(k.builder(), k.loc(), vector, lane));
  }
}

Value MemoryChannels::get(KernelBody &k, Channel channel) const {
  return isUnrolled(channels) ? registers[channel.getNumber()]
                              : k.loadScalar(memref, channel.from(k, first));
}

void storeChannels(GpuKernelBody &k, const ChannelValues &values, Value memref,
                   Value pixel) {
  int64_t channels = values.size();
  Value first = k.mul(pixel, channels);
  if (!ChannelValues::isUnrolled(channels))
    return forChannels(k, channels, [&](Channel c) {
      k.storeScalar(values.get(k, c), memref, c.from(k, first));
    });
  int64_t lanes = lanesOf(channels);
  for (int64_t c = 0; c < channels; c += lanes) {
    SmallVector<Value> scalars;
    for (int64_t lane = 0; lane < lanes; ++lane)
      scalars.push_back(values.get(k, c + lane));
    k.store(vector::FromElementsOp::create(k.builder(), k.loc(),
                                           k.vectorType(lanes), scalars),
            memref, k.add(first, c));
  }
}

const ChannelValues &ThreadPixel::probabilities(KernelBody &k) const {
  if (!scale)
    scale = emitSoftmax(k, channels, softmax);
  return softmax;
}

} // namespace segc
