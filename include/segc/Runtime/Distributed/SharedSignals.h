//===- SharedSignals.h - Signals between ranks of a machine -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_SHAREDSIGNALS_H
#define SEGC_RUNTIME_DISTRIBUTED_SHAREDSIGNALS_H

#include "segc/Runtime/Core/SharedBuffer.h"

#include <chrono>
#include <vector>

namespace segc {

/// Signals from one rank of a machine to another, which wake up who waits for
/// them. What a rank has read and written before it sends one has happened for
/// who takes it. For one thread at a time.
class SharedSignals {
public:
  /// Those of `rank` among `size` ranks.
  static StatusOr<SharedSignals> create(size_t rank, size_t size);
  SharedSignals() = default;

  /// Where others find those of this rank; `bytes` they know.
  SharedBuffer::Place place() const { return own.place(); }
  /// Finds those of another rank.
  Status connect(size_t rank, SharedBuffer::Place place);

  void send(size_t rank) const;
  /// Takes the next signal of a rank. Sleeps while there is none, for `limit`
  /// at most; returns whether there was one.
  bool take(size_t rank, std::chrono::nanoseconds limit);

private:
  size_t self = 0;
  SharedBuffer own;
  std::vector<SharedBuffer> others; ///< By rank; empty ones get no signals.
  std::vector<uint32_t> taken;      ///< Signals of each rank.
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_SHAREDSIGNALS_H
