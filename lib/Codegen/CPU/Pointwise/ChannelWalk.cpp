//===- ChannelWalk.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include <numeric>

using namespace mlir;

namespace segc {

/// The number of vectors in flight: enough to hide the latency of an addition,
/// and few enough that hoisted values stay in registers.
static constexpr int64_t vectorsInFlight = 4;

Value ChannelWalk::perChannel(Value memref, Value offset, const Slot &slot) {
  if (periodic())
    return gather(k, memref, offset, slot.laneChannels);
  return k.load(memref, k.add(offset, slot.channel), lanes, slot.mask);
}

Value ChannelWalk::perPixel(Value memref, const Visit &visit) {
  if (periodic())
    return gather(k, memref, visit.pixel, visit.slot.lanePixels, visit.mask);
  return k.splat(k.loadScalar(memref, visit.pixel), lanes);
}

void ChannelWalk::forGroups(
    llvm::function_ref<void(ArrayRef<Slot>, int64_t)> body) {
  SmallVector<Slot> slots;
  if (periodic()) {
    int64_t period = channels / std::gcd(channels, lanes);
    for (int64_t s = 0; s < period; ++s) {
      Slot &slot = slots.emplace_back();
      for (int64_t element = s * lanes; element < (s + 1) * lanes; ++element) {
        slot.laneChannels.push_back(element % channels);
        slot.lanePixels.push_back(element / channels);
      }
    }
    body(slots, llvm::divideCeilSigned(vectorsInFlight, period));
    return;
  }
  auto slotAt = [&](Value channel, bool masked) {
    Slot slot;
    slot.channel = channel;
    if (masked)
      slot.mask = k.prefixMask(k.index(channels % lanes), lanes);
    return slot;
  };
  // Groups of full vectors, then the remaining ones.
  int64_t group = vectorsInFlight * lanes, grouped = channels / group * group;
  auto emitGroup = [&](Value first) {
    slots.clear();
    for (int64_t s = 0; s < vectorsInFlight; ++s)
      slots.push_back(slotAt(k.add(first, s * lanes), false));
    body(slots, 1);
  };
  if (grouped > group)
    k.loop(k.index(0), k.index(grouped), group, emitGroup);
  else if (grouped == group)
    emitGroup(k.index(0));
  slots.clear();
  for (int64_t channel = grouped; channel < channels; channel += lanes)
    slots.push_back(slotAt(k.index(channel), channel + lanes > channels));
  if (!slots.empty())
    body(slots, llvm::divideCeilSigned(vectorsInFlight, slots.size()));
}

ChannelWalk::Values ChannelWalk::walk(Value begin, Value end,
                                      ArrayRef<Slot> slots, int64_t unroll,
                                      unsigned count, Hoist hoist, Body body) {
  SmallVector<Values> hoisted;
  for (const Slot &slot : slots)
    hoisted.push_back(hoist(slot));
  // Periodic loops count elements, others pixels.
  int64_t scale = periodic() ? channels : 1,
          step = periodic() ? slots.size() * lanes * unroll : unroll;
  Value first = k.mul(begin, scale), past = k.mul(end, scale);
  Value middle = k.add(first, k.mul(k.div(k.sub(past, first), step), step));
  auto visitAll = [&](Value at, int64_t repeats, Value limit,
                      ValueRange carried) {
    Values next(carried.begin(), carried.end());
    for (int64_t r = 0; r < repeats; ++r)
      for (auto [s, slot] : llvm::enumerate(slots)) {
        Visit visit{slot, {}, {}, slot.mask, hoisted[s]};
        if (periodic()) {
          Value start =
              k.add(at, r * static_cast<int64_t>(slots.size()) * lanes);
          visit.pixel = k.div(start, channels);
          visit.index = k.add(start, static_cast<int64_t>(s) * lanes);
          if (limit)
            visit.mask = k.prefixMask(k.sub(limit, visit.index), lanes);
        } else {
          visit.pixel = k.add(at, r);
          visit.index = k.add(k.mul(visit.pixel, channels), slot.channel);
        }
        size_t position = (r * slots.size() + s) * count;
        Values sums = body(visit, ValueRange(carried).slice(position, count));
        llvm::copy(sums, next.begin() + position);
      }
    return next;
  };
  Values carried(count * slots.size() * unroll, k.zeroVector(lanes));
  carried =
      k.loop(first, middle, step, carried, [&](Value at, ValueRange values) {
        return visitAll(at, unroll, Value(), values);
      });
  return k.loop(middle, past, periodic() ? step : 1, carried,
                [&](Value at, ValueRange values) {
                  return periodic() ? visitAll(at, unroll, past, values)
                                    : visitAll(at, 1, Value(), values);
                });
}

void ChannelWalk::forEach(Value begin, Value end, Hoist hoist,
                          llvm::function_ref<void(const Visit &)> body) {
  forGroups([&](ArrayRef<Slot> slots, int64_t unroll) {
    walk(begin, end, slots, unroll, 0, hoist,
         [&](const Visit &visit, ValueRange) {
           body(visit);
           return Values();
         });
  });
}

void ChannelWalk::sum(
    Value begin, Value end, unsigned count, Hoist hoist,
    llvm::function_ref<Values(const Visit &)> terms,
    llvm::function_ref<void(Value, Value, ArrayRef<Value>)> store) {
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddFOp::create(k.builder(), k.loc(), a, b);
  };
  forGroups([&](ArrayRef<Slot> slots, int64_t unroll) {
    Values sums =
        walk(begin, end, slots, unroll, count, hoist,
             [&](const Visit &visit, ValueRange carried) {
               Values next;
               for (auto [sum, term] : llvm::zip_equal(carried, terms(visit))) {
                 if (visit.mask)
                   term =
                       arith::SelectOp::create(k.builder(), k.loc(), visit.mask,
                                               term, k.zeroVector(lanes));
                 next.push_back(add(sum, term));
               }
               return next;
             });
    size_t each = slots.size() * count;
    for (int64_t r = 1; r < unroll; ++r)
      for (size_t i = 0; i < each; ++i)
        sums[i] = add(sums[i], sums[r * each + i]);
    if (!periodic()) {
      for (auto [s, slot] : llvm::enumerate(slots))
        store(slot.channel, slot.mask,
              ArrayRef<Value>(sums).slice(s * count, count));
      return;
    }
    // The sums are merged through memory, where the sums of a channel are
    // `channels` elements apart.
    int64_t elements = slots.size() * lanes;
    Value mask = k.prefixMask(k.index(channels), lanes);
    Values totals;
    for (unsigned term = 0; term < count; ++term) {
      int64_t row = term * elements;
      for (size_t s = 0; s < slots.size(); ++s)
        k.store(sums[s * count + term], k.scratch(), k.index(row + s * lanes));
      Value total = k.load(k.scratch(), k.index(row), lanes, mask);
      for (int64_t e = channels; e < elements; e += channels)
        total = add(total, k.load(k.scratch(), k.index(row + e), lanes, mask));
      totals.push_back(total);
    }
    store(k.index(0), mask, totals);
  });
}

} // namespace segc
