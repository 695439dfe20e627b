//===- DeviceCollectives.h - Collectives on a device's memory ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_DEVICECOLLECTIVES_H
#define SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_DEVICECOLLECTIVES_H

#include "segc/Runtime/Device/Collectives.h"

#include "gtest/gtest.h"

#include <cstring>
#include <vector>

namespace segc {

/// Does collectives on f32 of the host in memory of a device: issued once, and
/// recorded on a stream of their own and replayed twice. All three give the
/// same bits, or it fails.
class DeviceCollectives {
public:
  /// Keeps both.
  DeviceCollectives(Device &device, Collectives &collectives)
      : device(device), collectives(collectives) {}

  Status run(const std::vector<segc_collective> &onHost) {
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> main,
                          device.createStream());
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> side,
                          device.createStream());
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Event> ready,
                          device.createEvent());
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Event> done,
                          device.createEvent());
    std::vector<DeviceBuffer> buffers;
    std::vector<segc_collective> onDevice = onHost;
    for (segc_collective &collective : onDevice) {
      // The bytes behind the last value are nobody's.
      SEGC_ASSIGN_OR_RETURN(DeviceBuffer buffer,
                            device.allocate(bytesOf(collective) + sizeof(float),
                                            "values", /*guards=*/false));
      collective.data = buffer.address().asPointer();
      buffers.push_back(std::move(buffer));
      SEGC_RETURN_IF_ERROR(collectives.prepare(collective));
    }
    const auto enqueueAll = [&]() -> Status {
      SEGC_RETURN_IF_ERROR(device.record(*ready, *main));
      SEGC_RETURN_IF_ERROR(device.wait(*side, *ready));
      for (const segc_collective &collective : onDevice)
        SEGC_RETURN_IF_ERROR(collectives.enqueue(*side, collective));
      SEGC_RETURN_IF_ERROR(device.record(*done, *side));
      return device.wait(*main, *done);
    };
    SEGC_RETURN_IF_ERROR(write(*main, onHost, buffers));
    SEGC_RETURN_IF_ERROR(enqueueAll());
    SEGC_ASSIGN_OR_RETURN(const Results issued, read(*main, onHost, buffers));
    SEGC_RETURN_IF_ERROR(device.beginCapture(*main));
    const Status enqueued = enqueueAll();
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Graph> graph,
                          device.endCapture(*main));
    SEGC_RETURN_IF_ERROR(enqueued);
    for (int replay = 0; replay < 2; ++replay) {
      SEGC_RETURN_IF_ERROR(write(*main, onHost, buffers));
      SEGC_RETURN_IF_ERROR(device.replay(*graph, *main));
      SEGC_ASSIGN_OR_RETURN(const Results again, read(*main, onHost, buffers));
      EXPECT_EQ(again, issued) << "replay " << replay;
    }
    for (size_t i = 0; i < onHost.size(); ++i)
      if (bytesOf(onHost[i]))
        std::memcpy(onHost[i].data, issued[i].data(), bytesOf(onHost[i]));
    return Status::success();
  }

private:
  using Results = std::vector<std::vector<std::byte>>;

  static uint64_t bytesOf(const segc_collective &collective) {
    return collective.count * sizeof(float);
  }
  Status write(Stream &stream, const std::vector<segc_collective> &onHost,
               const std::vector<DeviceBuffer> &buffers) {
    for (size_t i = 0; i < onHost.size(); ++i)
      SEGC_RETURN_IF_ERROR(device.write(stream, buffers[i], 0, onHost[i].data,
                                        bytesOf(onHost[i])));
    return Status::success();
  }
  /// Also the bytes behind, which nothing may have changed.
  StatusOr<Results> read(Stream &stream,
                         const std::vector<segc_collective> &onHost,
                         const std::vector<DeviceBuffer> &buffers) {
    Results results;
    for (size_t i = 0; i < onHost.size(); ++i) {
      SEGC_ASSIGN_OR_RETURN(const HostView view,
                            device.read(stream, buffers[i]));
      results.emplace_back(view.data(), view.data() + view.size());
      float behind = 1;
      std::memcpy(&behind, results.back().data() + bytesOf(onHost[i]),
                  sizeof(behind));
      EXPECT_EQ(behind, 0);
    }
    return results;
  }

  Device &device;
  Collectives &collectives;
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_DEVICECOLLECTIVES_H
