//===- FakeDevice.h - A device with hidden memory ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory is in the process, but at other addresses than those that the
// device returns, so that the host cannot access it (on x86-64 and AArch64 such
// an access ends the process). Work is delayed as long as the rules of streams
// allow, until the host waits for it. An address that is in no buffer at that
// time is an error.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DEVICE_FAKEDEVICE_H
#define SEGC_UNITTESTS_RUNTIME_DEVICE_FAKEDEVICE_H

#include "segc/Runtime/Device/Device.h"

#include <functional>
#include <vector>

namespace segc {

class FakeDevice : public Device {
public:
  explicit FakeDevice(ThreadPool &pool);

  std::string name() const override { return "fake"; }
  bool sharesHostMemory() const override { return false; }
  unsigned workers() const override { return 3; }

  StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                  bool guards) override;
  StatusOr<std::optional<uint64_t>> freeBytes() const override;

  StatusOr<std::unique_ptr<Stream>> createStream() override;
  StatusOr<std::unique_ptr<Event>> createEvent() override;
  Status record(Event &event, Stream &stream) override;
  Status wait(Stream &stream, const Event &event) override;
  Status synchronize(Stream &stream) override;

  Status copyToDevice(Stream &stream, DeviceAddress to, const void *from,
                      uint64_t bytes) override;
  Status copyToHost(Stream &stream, void *to, DeviceAddress from,
                    uint64_t bytes) override;
  Status copyOnDevice(Stream &stream, DeviceAddress to, DeviceAddress from,
                      uint64_t bytes) override;
  Status launch(Stream &stream, const KernelLaunch &launch) override;
  Status accumulate(Stream &stream, const Accumulation &accumulation) override;
  Status advanceScalars(Stream &stream, DeviceAddress finite,
                        DeviceAddress scalars) override;

  Status beginCapture(Stream &stream) override;
  StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) override;
  Status replay(const Graph &graph, Stream &stream) override;

  /// Returns the process's memory of an address; an error if the bytes are not
  /// in one buffer.
  StatusOr<std::byte *> translate(DeviceAddress address, uint64_t bytes) const;

  /// Enqueues a function of the host on a stream.
  Status call(Stream &stream, std::function<Status()> function) {
    submit(stream, std::move(function));
    return Status::success();
  }

  uint64_t capacity = uint64_t{1} << 32; ///< bytes that can be allocated
  /// totals since the device was made
  int allocations = 0, copies = 0, launches = 0, replays = 0;

private:
  using Operation = std::function<Status()>;
  struct Allocations;
  struct FakeMemory;
  struct FakeStream;
  struct FakeEvent;
  struct FakeGraph;
  struct FakeRecordedGraph;

  void submit(Stream &stream, Operation operation);
  static void runUntil(FakeStream &stream, size_t position);

  std::shared_ptr<Allocations> live;
  std::shared_ptr<FakeGraph> recording; ///< null unless a capture is active
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DEVICE_FAKEDEVICE_H
