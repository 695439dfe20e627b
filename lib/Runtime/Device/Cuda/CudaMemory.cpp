//===- CudaMemory.cpp - Memory of a GPU and copies ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"

#include <algorithm>
#include <cstring>

using namespace segc;
using namespace segc::cuda;

static constexpr uint64_t guardBytes = 4096;
static constexpr unsigned char guardByte = 0xA5;

namespace {

struct CudaMemory : DeviceMemory {
  explicit CudaMemory(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~CudaMemory() override {
    const CurrentContext current(*context);
    if (base)
      context->driver().cuMemFree(base);
  }
  DeviceAddress address() const override { return {base + guard}; }
  bool intact() const override;

  Status fill(MemoryHandle at, unsigned char value, uint64_t count) const {
    return context->check(context->driver().cuMemsetD8Async(
                              at, value, count, context->serviceStream()),
                          "fill memory");
  }
  Status wait() const {
    return context->check(
        context->driver().cuStreamSynchronize(context->serviceStream()),
        "wait for the stream of allocations");
  }

  std::shared_ptr<const CudaContext> context;
  MemoryHandle base = 0;
  uint64_t bytes = 0, guard = 0;
};

/// Memory of the host that the GPU reads and writes itself.
struct PinnedMemory : DeviceMemory {
  explicit PinnedMemory(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~PinnedMemory() override {
    const CurrentContext current(*context);
    if (data)
      context->driver().cuMemFreeHost(data);
  }
  DeviceAddress address() const override { return DeviceAddress::of(data); }
  std::byte *hostData() const override {
    return static_cast<std::byte *>(data);
  }

  std::shared_ptr<const CudaContext> context;
  void *data = nullptr;
};

} // namespace

bool CudaMemory::intact() const {
  std::array<unsigned char, 2 * guardBytes> copy;
  copy.fill(guardByte);
  const CurrentContext current(*context);
  const CudaDriver &driver = context->driver();
  const std::array<MemoryHandle, 2> guards = {base, base + guard + bytes};
  for (size_t i = 0; guard && i < guards.size(); ++i)
    // An error is that of an earlier kernel, which its own wait tells.
    if (driver.cuMemcpyDtoHAsync(copy.data() + i * guard, guards[i], guard,
                                 context->serviceStream()) != Success)
      return true;
  return !wait().ok() || std::all_of(copy.begin(), copy.end(), [](auto byte) {
    return byte == guardByte;
  });
}

Status CudaDevice::checkNotRecording(const char *what) const {
  return recorded ? internalError(name() + ": " + what +
                                  " while a graph is recorded")
                  : Status::success();
}

StatusOr<std::optional<uint64_t>> CudaDevice::freeBytes() const {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  size_t free = 0, total = 0;
  SEGC_RETURN_IF_ERROR(
      check(driver().cuMemGetInfo(&free, &total), "ask for the free memory"));
  return std::optional<uint64_t>(free);
}

Status CudaDevice::allocationError(Result answered, uint64_t bytes,
                                   const char *what) const {
  if (answered != ErrorOutOfMemory)
    return check(answered, std::string(what) + ": allocate " +
                               std::to_string(bytes) + " bytes");
  SEGC_ASSIGN_OR_RETURN(std::optional<uint64_t> free, freeBytes());
  return Status(StatusCode::IoError,
                std::string(what) + ": cannot allocate " +
                    std::to_string(bytes) + " bytes on " + name() + ": " +
                    std::to_string(free.value_or(0)) + " are free");
}

StatusOr<DeviceBuffer> CudaDevice::allocate(uint64_t bytes, const char *what,
                                            bool guards) {
  if (bytes == 0)
    return DeviceBuffer();
  SEGC_RETURN_IF_ERROR(checkNotRecording("memory is allocated"));
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  auto memory = std::make_unique<CudaMemory>(context);
  memory->bytes = bytes;
  memory->guard = guards ? guardBytes : 0;
  SEGC_RETURN_IF_ERROR(allocationError(
      driver().cuMemAlloc(&memory->base, bytes + 2 * memory->guard), bytes,
      what));
  SEGC_RETURN_IF_ERROR(memory->fill(memory->base + memory->guard, 0, bytes));
  if (guards) {
    SEGC_RETURN_IF_ERROR(memory->fill(memory->base, guardByte, guardBytes));
    SEGC_RETURN_IF_ERROR(
        memory->fill(memory->base + guardBytes + bytes, guardByte, guardBytes));
  }
  SEGC_RETURN_IF_ERROR(memory->wait());
  return DeviceBuffer(std::move(memory), bytes);
}

StatusOr<DeviceBuffer> CudaDevice::allocateStaging(uint64_t bytes,
                                                   const char *what) {
  if (bytes == 0)
    return DeviceBuffer();
  SEGC_RETURN_IF_ERROR(checkNotRecording("memory is allocated"));
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  auto memory = std::make_unique<PinnedMemory>(context);
  SEGC_RETURN_IF_ERROR(check(driver().cuMemHostAlloc(&memory->data, bytes, 0),
                             std::string(what) + ": allocate " +
                                 std::to_string(bytes) +
                                 " bytes of pinned memory of the host"));
  std::memset(memory->data, 0, bytes);
  return DeviceBuffer(std::move(memory), bytes);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// "copy 64 bytes to the GPU".
static std::string copyText(uint64_t bytes, const char *where) {
  return "copy " + std::to_string(bytes) + " bytes " + where;
}

Status CudaDevice::copyToDevice(Stream &stream, DeviceAddress to,
                                const void *from, uint64_t bytes) {
  if (bytes == 0)
    return Status::success();
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(
      driver().cuMemcpyHtoDAsync(to.value, from, bytes, handleForWork(stream)),
      copyText(bytes, "to the GPU"));
}

Status CudaDevice::copyToHost(Stream &stream, void *to, DeviceAddress from,
                              uint64_t bytes) {
  if (bytes == 0)
    return Status::success();
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(
      driver().cuMemcpyDtoHAsync(to, from.value, bytes, handleForWork(stream)),
      copyText(bytes, "to the host"));
}

Status CudaDevice::copyOnDevice(Stream &stream, DeviceAddress to,
                                DeviceAddress from, uint64_t bytes) {
  if (bytes == 0)
    return Status::success();
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(driver().cuMemcpyDtoDAsync(to.value, from.value, bytes,
                                          handleForWork(stream)),
               copyText(bytes, "on the GPU"));
}
