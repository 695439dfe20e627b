//===- SynchronousDevice.h - Work when it is issued -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_SYNCHRONOUSDEVICE_H
#define SEGC_RUNTIME_DEVICE_SYNCHRONOUSDEVICE_H

#include "segc/Runtime/Device/Device.h"

#include <functional>
#include <vector>

namespace segc {

/// A device whose memory is the host's, and whose work the host does when it is
/// issued, in all streams.
class SynchronousDevice : public Device {
public:
  using Device::Device;

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
  Status enqueueWork(Stream &stream,
                     std::function<Status(void *handle)> work) override;
  Status convert(Stream &stream, const Conversion &conversion, DeviceAddress to,
                 DeviceAddress from) override;
  Status accumulate(Stream &stream, const Accumulation &accumulation) override;
  Status advanceScalars(Stream &stream, DeviceAddress finite,
                        DeviceAddress scalars) override;

  Status beginCapture(Stream &stream) override;
  StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) override;
  Status replay(const Graph &graph, Stream &stream) override;

protected:
  /// Runs all tasks of a launch that has a kernel.
  virtual Status runLaunch(const KernelLaunch &launch) = 0;
  /// Returns whether the bytes are the device's; the error names them as
  /// `what`.
  virtual Status check(DeviceAddress address, uint64_t bytes,
                       const std::string &what) const {
    return Status::success();
  }

private:
  using Operation = std::function<Status()>;
  struct RecordedGraph;
  Status copy(void *to, const void *from, uint64_t bytes);
  /// Does an operation, or records it while a graph is captured.
  Status doOrRecord(Operation operation);

  /// Filled between beginCapture and endCapture; null otherwise.
  std::unique_ptr<std::vector<Operation>> recording;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_SYNCHRONOUSDEVICE_H
