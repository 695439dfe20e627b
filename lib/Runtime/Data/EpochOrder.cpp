//===- EpochOrder.cpp - Order of samples in an epoch ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/EpochOrder.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"

#include <numeric>

using namespace segc;

std::vector<int64_t> segc::shuffledOrder(int64_t count, uint64_t seed,
                                         uint64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  CounterRng random(seed, hashName("data.order") + epoch);
  for (size_t i = order.size(); i-- > 1;) {
    // The high half of a product: uniform in 0..i but for one part in 2^32 / i.
    size_t j = static_cast<size_t>((uint64_t{random.bits(i)} * (i + 1)) >> 32);
    std::swap(order[i], order[j]);
  }
  return order;
}

EpochOrder::EpochOrder(int64_t count, uint64_t seed, bool shuffle)
    : count(count), seed(seed), shuffle(shuffle) {}

int64_t EpochOrder::at(uint64_t place) {
  uint64_t epoch = place / static_cast<uint64_t>(count);
  uint64_t within = place % static_cast<uint64_t>(count);
  if (!shuffle)
    return static_cast<int64_t>(within);
  if (order.empty() || heldEpoch != epoch) {
    order = shuffledOrder(count, seed, epoch);
    heldEpoch = epoch;
  }
  return order[within];
}
