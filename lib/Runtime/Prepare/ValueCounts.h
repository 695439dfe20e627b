//===- ValueCounts.h - Numbers counted by value -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_PREPARE_VALUECOUNTS_H
#define SEGC_LIB_RUNTIME_PREPARE_VALUECOUNTS_H

#include "segc/Plan/Plan.h"

#include <cstdint>
#include <vector>

namespace segc {

/// How often each value occurs in many numbers, with their mean and deviation.
/// Takes memory for maxValues values, whatever there is: where more occur, they
/// are rounded to fewer bits, as few as that takes. So the result does not
/// depend on the order in which counts are merged, but for the last bits of
/// mean and deviation.
class ValueCounts {
public:
  static constexpr size_t maxValues = size_t{1} << 20;

  ValueCounts() = default;
  /// Each value as often as `times` says; once each if that is empty.
  ValueCounts(const std::vector<float> &values,
              const std::vector<uint32_t> &times);

  void merge(const ValueCounts &other);
  /// Zeros where nothing was counted.
  ForegroundIntensities summary() const;
  uint64_t number() const { return count; }

private:
  struct Entry {
    uint32_t key; ///< Ordered like the values.
    uint64_t times;
  };
  void add(std::vector<Entry> sorted, unsigned bits);
  void limit();
  float valueAt(uint64_t place) const;
  double percentile(double percent) const;

  std::vector<Entry> entries;
  unsigned droppedBits = 0;
  uint64_t count = 0;
  double mean = 0, squares = 0; ///< Sum of squared distances to the mean.
  float least = 0, most = 0;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_PREPARE_VALUECOUNTS_H
