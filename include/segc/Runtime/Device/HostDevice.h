//===- HostDevice.h - The host as a device ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_HOSTDEVICE_H
#define SEGC_RUNTIME_DEVICE_HOSTDEVICE_H

#include "segc/Runtime/Device/Device.h"

#include <functional>
#include <vector>

namespace segc {

/// The processor and its memory. Work of every stream is done when it is
/// issued, by the calling thread and the pool.
class HostDevice : public Device {
public:
  using Device::Device;

  std::string name() const override { return "host"; }
  bool sharesHostMemory() const override { return true; }
  unsigned workers() const override { return threadPool().workers(); }

  StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                  bool guards) override;

  StatusOr<std::unique_ptr<Stream>> createStream() override;
  StatusOr<std::unique_ptr<Event>> createEvent() override;
  Status record(Event &, Stream &) override { return Status::success(); }
  Status wait(Stream &, const Event &) override { return Status::success(); }
  Status synchronize(Stream &stream) override;

  Status copyToDevice(Stream &stream, DeviceAddress to, const void *from,
                      uint64_t bytes) override;
  Status copyToHost(Stream &stream, void *to, DeviceAddress from,
                    uint64_t bytes) override;
  Status copyOnDevice(Stream &stream, DeviceAddress to, DeviceAddress from,
                      uint64_t bytes) override;
  Status launch(Stream &stream, const KernelLaunch &launch) override;
  Status advanceScalars(Stream &stream, DeviceAddress finite,
                        DeviceAddress scalars) override;

  Status beginCapture(Stream &stream) override;
  StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) override;
  Status replay(const Graph &graph, Stream &stream) override;

private:
  Status copy(void *to, const void *from, uint64_t bytes);
  void runLaunch(const KernelLaunch &launch);
  /// Does an operation, or records it while a graph is captured.
  Status doOrRecord(std::function<void()> operation);

  /// Filled between beginCapture and endCapture; null otherwise.
  std::unique_ptr<std::vector<std::function<void()>>> recording;
};

/// Returns the host with these threads.
std::shared_ptr<Device> makeHostDevice(ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_HOSTDEVICE_H
