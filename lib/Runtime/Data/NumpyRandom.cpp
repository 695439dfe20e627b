//===- NumpyRandom.cpp - Splits by NumPy's random generator ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/NumpyRandom.h"

#include <algorithm>
#include <numeric>

using namespace segc;

uint32_t NumpyRandom::bounded(uint32_t most) {
  uint32_t mask = most;
  for (int shift = 1; shift < 32; shift *= 2)
    mask |= mask >> shift;
  uint32_t value = 0;
  do {
    value = static_cast<uint32_t>(engine()) & mask;
  } while (value > most);
  return value;
}

std::vector<int64_t> NumpyRandom::permutation(int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[bounded(static_cast<uint32_t>(i))]);
  return order;
}

FoldSplit segc::unetFold(int64_t count, uint32_t seed,
                         std::optional<int64_t> fold) {
  std::vector<int64_t> order = NumpyRandom(seed).permutation(count);
  if (!fold)
    return {order, {}};
  const double trainShare = 0.8;
  // In doubles, as published: int(0.19999999999999996 * 30) is 5.
  auto step = static_cast<int64_t>((1 - trainShare) * double(count));
  auto train = static_cast<int64_t>(trainShare * double(count));
  if (count > 0)
    std::rotate(order.begin(), order.end() - *fold * step % count, order.end());
  return {{order.begin(), order.begin() + train},
          {order.begin() + train, order.end()}};
}

FoldSplit segc::kFold(int64_t count, int64_t folds, uint32_t seed,
                      int64_t fold) {
  std::vector<int64_t> order = NumpyRandom(seed).permutation(count);
  // The first count % folds folds have one more.
  auto start = [&](int64_t index) {
    return index * (count / folds) + std::min(index, count % folds);
  };
  auto first = order.begin() + start(fold);
  auto last = order.begin() + start(fold + 1);
  FoldSplit split;
  split.validation.assign(first, last);
  split.train.assign(order.begin(), first);
  split.train.insert(split.train.end(), last, order.end());
  std::sort(split.validation.begin(), split.validation.end());
  std::sort(split.train.begin(), split.train.end());
  return split;
}
