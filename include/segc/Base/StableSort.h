//===- StableSort.h - Sorting that keeps the order of equals ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_STABLESORT_H
#define SEGC_BASE_STABLESORT_H

#include <algorithm>
#include <iterator>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

namespace segc {

/// Sorts a range with an index operator as std::stable_sort does. That of
/// libstdc++ 12 calls a function that C++17 deprecates, and clang says so where
/// it is used.
template <typename Range, typename Less>
void stableSort(Range &range, Less less) {
  std::vector<size_t> order(range.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (less(range[a], range[b]))
      return true;
    return a < b && !less(range[b], range[a]);
  });
  std::vector<std::decay_t<decltype(range[0])>> sorted;
  sorted.reserve(order.size());
  for (size_t place : order)
    sorted.push_back(std::move(range[place]));
  std::move(sorted.begin(), sorted.end(), std::begin(range));
}

} // namespace segc

#endif // SEGC_BASE_STABLESORT_H
