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

struct SharedHostMemory : DeviceMemory {
  explicit SharedHostMemory(SharedBuffer &&memory)
      : buffer(std::move(memory)) {}
  DeviceAddress address() const override {
    return DeviceAddress::of(buffer.data());
  }
  std::byte *hostData() const override { return buffer.data(); }
  const SharedBuffer *shared() const override { return &buffer; }
  SharedBuffer buffer;
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

/// Says how a model takes less memory.
static Status withAdvice(const Status &failure) {
  return {failure.code(),
          failure.message() +
              "; use a smaller --batch-size or a model compiled for less "
              "memory (segc compile --fit-memory)"};
}

StatusOr<AlignedBuffer> segc::allocateForModel(uint64_t bytes, const char *what,
                                               bool guards) {
  StatusOr<AlignedBuffer> buffer = AlignedBuffer::create(bytes, what, guards);
  if (buffer.ok())
    return buffer;
  return withAdvice(buffer.status());
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

StatusOr<DeviceBuffer>
HostDevice::allocateShared(uint64_t bytes, const char *what, bool guards) {
  if (guards || bytes == 0)
    return allocate(bytes, what, guards);
  StatusOr<SharedBuffer> buffer = SharedBuffer::create(bytes, what);
  if (buffer.ok())
    return DeviceBuffer(std::make_unique<SharedHostMemory>(std::move(*buffer)),
                        bytes);
  if (buffer.status().code() == StatusCode::Unsupported)
    return allocate(bytes, what, guards);
  return withAdvice(buffer.status());
}

Status HostDevice::runLaunch(const KernelLaunch &launch) {
  TaskArguments arguments = {
      &launch, static_cast<std::byte *>(launch.scratch.asPointer())};
  threadPool().run(launch.tasks(), TaskArguments::run, &arguments);
  return Status::success();
}
