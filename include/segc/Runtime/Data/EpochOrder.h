//===- EpochOrder.h - Order of samples in an epoch --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_EPOCHORDER_H
#define SEGC_RUNTIME_DATA_EPOCHORDER_H

#include <cstdint>
#include <vector>

namespace segc {

/// The indices 0..count-1 in the order of one epoch: Fisher-Yates from the end
/// with draws keyed by (seed, epoch), so any epoch can be had without those
/// before it.
std::vector<int64_t> shuffledOrder(int64_t count, uint64_t seed,
                                   uint64_t epoch);

/// An endless sequence of epochs. Its whole state is position(), the number of
/// samples given out: save that, and seek() there to resume.
class EpochOrder {
public:
  /// Without `shuffle` every epoch runs from 0 to count-1. `count` > 0.
  EpochOrder(int64_t count, uint64_t seed, bool shuffle = true);

  /// The sample at a place of the sequence.
  int64_t at(uint64_t place);
  int64_t next() { return at(current++); }
  uint64_t position() const { return current; }
  void seek(uint64_t place) { current = place; }
  uint64_t epoch() const { return current / static_cast<uint64_t>(count); }

private:
  int64_t count;
  uint64_t seed;
  bool shuffle;
  uint64_t current = 0;
  uint64_t heldEpoch = 0; // The epoch that `order` is of.
  std::vector<int64_t> order;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_EPOCHORDER_H
