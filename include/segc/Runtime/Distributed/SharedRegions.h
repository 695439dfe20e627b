//===- SharedRegions.h - Memory that ranks of a machine share ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_SHAREDREGIONS_H
#define SEGC_RUNTIME_DISTRIBUTED_SHAREDREGIONS_H

#include "segc/Runtime/Distributed/SharedSignals.h"

#include <vector>

namespace segc {

class Communicator;

/// One region of each rank, laid out alike by all, of which a rank accesses
/// those of other ranks of its machine where they lie.
class SharedRegions {
public:
  /// Finds the regions of other ranks: all ranks call it, with what this one
  /// has, which must outlive the result, or null. Two ranks share theirs where
  /// both see the memory of the other. What is in the regions is lost.
  static StatusOr<SharedRegions> connect(Communicator &ranks,
                                         const SharedBuffer *own);

  /// Whether bytes are in the region of this rank.
  bool contains(const void *data, uint64_t count) const;
  /// Returns where a rank has what this rank has at `data`, which is in the
  /// region; null if the two share nothing.
  std::byte *find(int64_t rank, const std::byte *data) const;
  /// Whether any two ranks of the job share theirs: the same for all ranks.
  bool areComplete() const { return complete; }
  /// Signals between ranks that share theirs.
  SharedSignals &ofRanks() { return signals; }
  /// The number of other ranks that share theirs with this one.
  int64_t count() const;

private:
  const std::byte *begin = nullptr;
  uint64_t bytes = 0;
  std::vector<SharedBuffer> others; ///< By rank; empty ones are not shared.
  SharedSignals signals;
  bool complete = false;
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_SHAREDREGIONS_H
