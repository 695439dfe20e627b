//===- HostDevice.cpp - The host as a device ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/HostDevice.h"
#include "HostMemory.h"
#include "segc/model_tables.h"

#include <algorithm>
#include <array>
#include <cstring>

using namespace segc;

namespace {

struct HostMemory : DeviceMemory {
  explicit HostMemory(AlignedBuffer &&memory) : buffer(std::move(memory)) {}
  DeviceAddress address() const override {
    return DeviceAddress::of(buffer.data());
  }
  std::byte *hostData() const override { return buffer.data(); }
  bool intact() const override { return buffer.intact(); }
  AlignedBuffer buffer;
};

struct HostGraph : Graph {
  std::vector<std::function<void()>> operations;
};

/// The arguments that all tasks of a launch share.
struct TaskArguments {
  const KernelLaunch *launch;
  std::byte *scratch;

  static void run(void *opaque, int64_t task, uint32_t worker) {
    const auto &self = *static_cast<const TaskArguments *>(opaque);
    self.launch->command->function(self.launch->operands,
                                   self.scratch +
                                       worker * self.launch->scratchBytes,
                                   self.launch->batch, task);
  }
};

} // namespace

std::shared_ptr<Device> segc::makeHostDevice(ThreadPool &pool) {
  return std::make_shared<HostDevice>(pool);
}

StatusOr<DeviceBuffer> segc::allocateOnHost(uint64_t bytes, const char *what,
                                            bool guards) {
  if (bytes == 0)
    return DeviceBuffer();
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                        AlignedBuffer::create(bytes, what, guards));
  return DeviceBuffer(std::make_unique<HostMemory>(std::move(buffer)), bytes);
}

StatusOr<DeviceBuffer> HostDevice::allocate(uint64_t bytes, const char *what,
                                            bool guards) {
  return allocateOnHost(bytes, what, guards);
}

StatusOr<std::unique_ptr<Stream>> HostDevice::createStream() {
  return std::make_unique<Stream>();
}

StatusOr<std::unique_ptr<Event>> HostDevice::createEvent() {
  return std::make_unique<Event>();
}

Status HostDevice::synchronize(Stream &) {
  return recording ? internalError("host: waiting for a stream whose work is "
                                   "being recorded")
                   : Status::success();
}

Status HostDevice::doOrRecord(std::function<void()> operation) {
  if (recording)
    recording->push_back(std::move(operation));
  else
    operation();
  return Status::success();
}

Status HostDevice::copy(void *to, const void *from, uint64_t bytes) {
  return doOrRecord([=] {
    if (bytes)
      std::memmove(to, from, bytes);
  });
}

Status HostDevice::advanceScalars(Stream &, DeviceAddress finite,
                                  DeviceAddress scalars) {
  return doOrRecord([=] {
    segc_advance_scalars(static_cast<segc_scalars *>(scalars.asPointer()),
                         *static_cast<const float *>(finite.asPointer()) != 0);
  });
}

Status HostDevice::copyToDevice(Stream &, DeviceAddress to, const void *from,
                                uint64_t bytes) {
  return copy(to.asPointer(), from, bytes);
}

Status HostDevice::copyToHost(Stream &, void *to, DeviceAddress from,
                              uint64_t bytes) {
  return copy(to, from.asPointer(), bytes);
}

Status HostDevice::copyOnDevice(Stream &, DeviceAddress to, DeviceAddress from,
                                uint64_t bytes) {
  return copy(to.asPointer(), from.asPointer(), bytes);
}

void HostDevice::runLaunch(const KernelLaunch &launch) {
  TaskArguments arguments = {
      &launch, static_cast<std::byte *>(launch.scratch.asPointer())};
  threadPool().run(launch.tasks(), TaskArguments::run, &arguments);
}

Status HostDevice::launch(Stream &, const KernelLaunch &launch) {
  if (!launch.command || !launch.command->function ||
      launch.command->operand_count > SEGC_MAX_OPERANDS)
    return internalError("host: a launch without a kernel of the host, or "
                         "with more than " +
                         std::to_string(SEGC_MAX_OPERANDS) + " operands");
  if (!recording) {
    runLaunch(launch);
    return Status::success();
  }
  std::array<void *, SEGC_MAX_OPERANDS> operands = {};
  std::copy_n(launch.operands, launch.command->operand_count, operands.begin());
  recording->push_back([this, recorded = launch, operands]() mutable {
    recorded.operands = operands.data();
    runLaunch(recorded);
  });
  return Status::success();
}

Status HostDevice::beginCapture(Stream &) {
  if (recording)
    return internalError("host: a recording has begun already");
  recording = std::make_unique<std::vector<std::function<void()>>>();
  return Status::success();
}

StatusOr<std::unique_ptr<Graph>> HostDevice::endCapture(Stream &) {
  if (!recording)
    return internalError("host: no recording has begun");
  auto graph = std::make_unique<HostGraph>();
  graph->operations = std::move(*recording);
  recording.reset();
  return std::unique_ptr<Graph>(std::move(graph));
}

Status HostDevice::replay(const Graph &graph, Stream &) {
  for (const auto &operation : static_cast<const HostGraph &>(graph).operations)
    operation();
  return Status::success();
}
