//===- ForeignLayout.cpp - Parameters in the layout of PyTorch ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ForeignLayout.h"

#include <algorithm>
#include <numeric>

using namespace segc;

std::vector<size_t> segc::foreignOrder(ForeignLayout layout, size_t rank) {
  std::vector<size_t> order(rank);
  std::iota(order.begin(), order.end(), size_t{0});
  if (layout == ForeignLayout::OutputFirst ||
      layout == ForeignLayout::InputFirst) {
    std::rotate(order.begin(), order.end() - 2, order.end());
    if (layout == ForeignLayout::OutputFirst)
      std::swap(order[0], order[1]);
  }
  return order;
}

std::vector<size_t> segc::ownOrder(ForeignLayout layout, size_t rank) {
  const std::vector<size_t> foreign = foreignOrder(layout, rank);
  std::vector<size_t> order(rank);
  for (size_t i = 0; i < rank; ++i)
    order[foreign[i]] = i;
  return order;
}

std::vector<int64_t> segc::permuted(const std::vector<int64_t> &shape,
                                    const std::vector<size_t> &order) {
  std::vector<int64_t> result;
  for (size_t from : order)
    result.push_back(shape[from]);
  return result;
}

std::vector<float> segc::permuted(const float *values,
                                  const std::vector<int64_t> &shape,
                                  const std::vector<size_t> &order) {
  const size_t rank = shape.size();
  const std::vector<int64_t> sizes = permuted(shape, order);
  std::vector<int64_t> strides(rank, 1), at(rank, 0);
  int64_t count = 1;
  for (size_t i = rank; i-- > 0;) {
    strides[i] = count;
    count *= shape[i];
  }
  std::vector<float> result;
  result.reserve(static_cast<size_t>(count));
  int64_t source = 0;
  while (static_cast<int64_t>(result.size()) < count) {
    result.push_back(values[source]);
    // The next place in the order of the result, like an odometer.
    for (size_t i = rank; i-- > 0;) {
      source += strides[order[i]];
      if (++at[i] < sizes[i])
        break;
      source -= strides[order[i]] * sizes[i];
      at[i] = 0;
    }
  }
  return result;
}
