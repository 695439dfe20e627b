//===- HostDevice.cpp - The host as a device ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/HostDevice.h"
#include "HostMemory.h"

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

/// The arguments that all tasks of a launch share.
struct TaskArguments {
  const KernelLaunch *launch;
  std::byte *scratch;

  static void run(void *opaque, int64_t task, uint32_t worker) {
    const auto &self = *static_cast<const TaskArguments *>(opaque);
    self.launch->command->function(
        self.launch->operands,
        self.scratch + worker * self.launch->scratchBytes, self.launch->batch,
        self.launch->firstTask() + task);
  }
};

} // namespace

std::shared_ptr<Device> segc::makeHostDevice(ThreadPool &pool) {
  return std::make_shared<HostDevice>(pool);
}

StatusOr<AlignedBuffer> segc::allocateForModel(uint64_t bytes, const char *what,
                                               bool guards) {
  StatusOr<AlignedBuffer> buffer = AlignedBuffer::create(bytes, what, guards);
  if (buffer.ok())
    return buffer;
  return Status(buffer.status().code(),
                buffer.status().message() +
                    "; use a smaller --batch-size or a model compiled for less "
                    "memory (segc compile --fit-memory)");
}

StatusOr<DeviceBuffer> segc::allocateOnHost(uint64_t bytes, const char *what,
                                            bool guards) {
  if (bytes == 0)
    return DeviceBuffer();
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                        allocateForModel(bytes, what, guards));
  return DeviceBuffer(std::make_unique<HostMemory>(std::move(buffer)), bytes);
}

StatusOr<DeviceBuffer> HostDevice::allocate(uint64_t bytes, const char *what,
                                            bool guards) {
  return allocateOnHost(bytes, what, guards);
}

Status HostDevice::runLaunch(const KernelLaunch &launch) {
  TaskArguments arguments = {
      &launch, static_cast<std::byte *>(launch.scratch.asPointer())};
  threadPool().run(launch.tasks(), TaskArguments::run, &arguments);
  return Status::success();
}
