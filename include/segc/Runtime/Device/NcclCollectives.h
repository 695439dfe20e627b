//===- NcclCollectives.h - Collectives between GPUs -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_NCCLCOLLECTIVES_H
#define SEGC_RUNTIME_DEVICE_NCCLCOLLECTIVES_H

#include "segc/Runtime/Device/Collectives.h"

#include <chrono>

namespace segc {

/// What NCCL is told of the job, and asks of what else connects its ranks.
struct NcclRanks {
  int64_t rank = 0, size = 1;
  std::string library; ///< A file; empty for the system's libnccl.so.2.
  /// How long a collective may take, from its start on the GPU.
  std::chrono::duration<double> limit{600};
  /// Replaces bytes by those of rank 0.
  std::function<Status(void *data, uint64_t bytes)> broadcast;
  /// Returns an error that names a rank which does not answer; called after
  /// something went wrong. May be empty.
  std::function<Status()> rollCall;
  /// Called with where the GPU is, "step 12, bucket 3 of 5 (gradients)", while
  /// the host waits for it, or where it failed. May be empty.
  std::function<void(const std::string &occasion)> isAt;
  /// Ends the process at once: its destructors would wait for a GPU that does
  /// not end its work. May be empty.
  std::function<void(const Status &failure)> abandon;
};

/// Connects the GPUs of all ranks, one of each, by NCCL 2.14 or later, which is
/// opened here. Collectives are enqueued on the streams of `device`, a GPU of
/// NVIDIA or an emulated one, also while these are recorded. Sums have an order
/// that NCCL chooses, and values of 16 bits are added in 16 bits: the same bits
/// on all ranks, and from run to run while number and places of the ranks stay.
///
/// While the host waits for the device a collective that takes longer than the
/// limit, or fails, is ended on all streams, and is the error of the wait and
/// of all later use of the device: what it has computed is lost.
///
/// Graphs with collectives end before these do.
StatusOr<std::unique_ptr<Collectives>>
makeNcclCollectives(std::shared_ptr<Device> device, NcclRanks ranks);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_NCCLCOLLECTIVES_H
