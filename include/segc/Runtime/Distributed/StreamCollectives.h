//===- StreamCollectives.h - Collectives on a device's streams --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_STREAMCOLLECTIVES_H
#define SEGC_RUNTIME_DISTRIBUTED_STREAMCOLLECTIVES_H

#include "segc/Runtime/Device/Collectives.h"

namespace segc {

/// Has collectives of the host done in the order of the streams of a device
/// whose memory is the host's, as an emulated GPU's is: also those that a graph
/// has recorded, each time that it is replayed.
class StreamCollectives : public Collectives {
public:
  /// Keeps both.
  StreamCollectives(Device &device, Collectives &host)
      : device(device), host(host) {}

  int64_t rank() const override { return host.rank(); }
  int64_t size() const override { return host.size(); }
  void beginPart(const StepPart &part) override { host.beginPart(part); }
  StatusOr<uint64_t> start(const segc_collective &collective) override {
    return host.start(collective);
  }
  Status wait(uint64_t ticket) override { return host.wait(ticket); }
  Status enqueue(Stream &stream, const segc_collective &collective) override {
    return device.enqueueWork(stream, [this, collective](void *) -> Status {
      SEGC_ASSIGN_OR_RETURN(const uint64_t ticket, host.start(collective));
      return host.wait(ticket);
    });
  }
  CollectiveTimes times() override { return host.times(); }

private:
  Device &device;
  Collectives &host;
};

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_STREAMCOLLECTIVES_H
