//===- FakeDevice.h - A device with hidden memory ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory lies in the process, at other addresses than those that the device
// gives out: the host cannot read behind one (on x86-64 and AArch64 such a read
// ends the process). Work is done as late as the rules of streams allow, when
// somebody waits for it; an address that lies in no buffer by then is an error.
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

  Status beginCapture(Stream &stream) override;
  StatusOr<std::unique_ptr<Graph>> endCapture(Stream &stream) override;
  Status replay(const Graph &graph, Stream &stream) override;

  /// The bytes behind an address; an error where they are not in one buffer.
  StatusOr<std::byte *> translate(DeviceAddress address, uint64_t bytes) const;

  uint64_t capacity = uint64_t{1} << 32; ///< bytes; more is refused
  int allocations = 0, copies = 0, launches = 0, replays = 0; ///< in all

private:
  using Operation = std::function<Status()>;
  struct Allocations;
  struct FakeMemory;
  struct FakeStream;
  struct FakeEvent;
  struct FakeGraph;

  void submit(Stream &stream, Operation operation);
  static void runUntil(FakeStream &stream, size_t position);

  std::shared_ptr<Allocations> live;
  std::unique_ptr<std::vector<Operation>> recording;
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DEVICE_FAKEDEVICE_H
