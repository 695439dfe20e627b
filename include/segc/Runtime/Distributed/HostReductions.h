//===- HostReductions.h - Collectives on memory of the host -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_HOSTREDUCTIONS_H
#define SEGC_RUNTIME_DISTRIBUTED_HOSTREDUCTIONS_H

#include "segc/Runtime/Distributed/Communicator.h"
#include "segc/model.h"

namespace segc {

/// Does collectives over a Communicator, in place. Sums are of f32, added in
/// the order of the ranks, whatever the library of the messages: the same bits
/// on all ranks and from run to run.
class HostReductions {
public:
  /// Only `ranks` is kept.
  explicit HostReductions(Communicator &ranks) : ranks(ranks) {}

  /// Values that are added or compared are f32, f16 or bf16.
  Status run(const segc_collective &collective);
  /// Replaces values by their mean over all ranks.
  Status mean(std::vector<float> &values);

private:
  /// Does it on `values` of a type: those of the collective, or rounded ones.
  Status exchange(const segc_collective &collective, void *values,
                  uint32_t type);

  Communicator &ranks;
  std::vector<uint16_t> travelling; ///< f32 values, rounded.
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_HOSTREDUCTIONS_H
