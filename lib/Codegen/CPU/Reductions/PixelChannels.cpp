//===- PixelChannels.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/PixelChannels.h"
#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

Value PixelChannels::get(KernelBody &k, Channel channel) const {
  if (isUnrolled(channels))
    return registers[channel.getNumber()];
  return k.load(k.scratch(), channel.from(k, k.index(base), 0, lanes), lanes);
}

void PixelChannels::set(KernelBody &k, Channel channel, Value value) {
  if (isUnrolled(channels))
    registers[channel.getNumber()] = value;
  else
    k.store(value, k.scratch(), channel.from(k, k.index(base), 0, lanes));
}

/// Returns vectors whose lane j of vector i is element `source(i, j)` of the
/// concatenation of `values`.
static SmallVector<Value>
rearrange(KernelBody &k, ArrayRef<Value> values,
          llvm::function_ref<int64_t(int64_t, int64_t)> source) {
  int64_t count = values.size(),
          lanes = cast<VectorType>(values[0].getType()).getNumElements();
  SmallVector<Value> result;
  for (int64_t i = 0; i < count; ++i) {
    Value merged = values[0];
    for (int64_t from = 1; from < std::max<int64_t>(count, 2); ++from) {
      SmallVector<int64_t> lanesOf;
      for (int64_t j = 0; j < lanes; ++j) {
        int64_t element = source(i, j), vector = element / lanes;
        lanesOf.push_back(vector == from             ? lanes + element % lanes
                          : from == 1 && vector == 0 ? element
                                                     : j);
      }
      merged =
          vector::ShuffleOp::create(k.builder(), k.loc(), merged,
                                    values[std::min(from, count - 1)], lanesOf);
    }
    result.push_back(merged);
  }
  return result;
}

static SmallVector<int64_t> strided(int64_t lanes, int64_t stride) {
  SmallVector<int64_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back(i * stride);
  return offsets;
}

PixelChannels loadPixels(KernelBody &k, Value memref, Value pixel,
                         int64_t channels, int64_t lanes, Value count,
                         int64_t buffer) {
  PixelChannels result(channels, lanes, buffer);
  Value base = k.mul(pixel, channels);
  if (!PixelChannels::isUnrolled(channels)) {
    Value mask = count ? k.prefixMask(count, lanes) : Value();
    forChannels(k, channels, [&](Channel c) {
      result.set(
          k, c,
          gather(k, memref, c.from(k, base), strided(lanes, channels), mask));
    });
    return result;
  }
  SmallVector<Value> values;
  for (int64_t c = 0; c < channels; ++c) {
    Value mask =
        count ? k.prefixMask(k.sub(k.mul(count, channels), c * lanes), lanes)
              : Value();
    values.push_back(k.load(memref, k.add(base, c * lanes), lanes, mask));
  }
  values = rearrange(
      k, values, [&](int64_t c, int64_t lane) { return lane * channels + c; });
  for (auto [c, value] : llvm::enumerate(values))
    result.set(k, Channel(c), value);
  return result;
}

void storePixels(KernelBody &k, const PixelChannels &values, Value memref,
                 Value pixel, Value count) {
  int64_t channels = values.size(), lanes = values.getLanes();
  Value base = k.mul(pixel, channels);
  if (!PixelChannels::isUnrolled(channels)) {
    Value mask =
        allLanes(k, count ? k.prefixMask(count, lanes) : Value(), lanes);
    forChannels(k, channels, [&](Channel c) {
      vector::ScatterOp::create(k.builder(), k.loc(), Type(), memref,
                                ValueRange(c.from(k, base)),
                                indexVector(k, strided(lanes, channels)), mask,
                                k.asStored(values.get(k, c), memref));
    });
    return;
  }
  SmallVector<Value> columns;
  for (int64_t c = 0; c < channels; ++c)
    columns.push_back(values.get(k, c));
  SmallVector<Value> rows =
      rearrange(k, columns, [&](int64_t row, int64_t lane) {
        int64_t element = row * lanes + lane;
        return element % channels * lanes + element / channels;
      });
  for (int64_t c = 0; c < channels; ++c) {
    Value mask =
        count ? k.prefixMask(k.sub(k.mul(count, channels), c * lanes), lanes)
              : Value();
    k.store(rows[c], memref, k.add(base, c * lanes), mask);
  }
}

void PixelVector::loadLabels(KernelBody &k, Value operand) {
  labelVector =
      loadVector(k, inputOf(k, operand), first, channels.getLanes(), mask);
}

void PixelVector::loadWeights(KernelBody &k, Value operand) {
  weightVector = k.load(inputOf(k, operand), first, channels.getLanes(), mask);
}

const ChannelValues &PixelVector::probabilities(KernelBody &k) const {
  if (!probabilityVectors) {
    probabilityVectors.emplace(channels.size(), channels.getLanes(),
                               /*buffer=*/1);
    scale = emitSoftmax(k, channels, *probabilityVectors);
  }
  return *probabilityVectors;
}

void PixelTerms::add(KernelBody &k, int64_t first, Channel channel,
                     Value term) {
  if (!base) {
    terms[first + channel.getNumber()] = term;
    return;
  }
  auto type = cast<VectorType>(term.getType());
  int64_t lanes = type.getNumElements();
  if (mask)
    term = arith::SelectOp::create(k.builder(), k.loc(), mask, term,
                                   k.zeroVector(lanes));
  Value at = channel.from(k, k.index(*base + first * lanes), 0, lanes);
  Value sum = k.load(k.scratch(), at, lanes);
  k.store(arith::AddFOp::create(k.builder(), k.loc(), sum, term), k.scratch(),
          at);
}

} // namespace segc
