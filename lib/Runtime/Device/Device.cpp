//===- Device.cpp - Memory, streams and launches of a device --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/Device.h"
#include "HostMemory.h"

#include <chrono>

using namespace segc;

StatusOr<DeviceBuffer> Device::allocateStaging(uint64_t bytes,
                                               const char *what) {
  return allocateOnHost(bytes, what, /*guards=*/false);
}

StatusOr<double> Device::measure(Stream &stream, const std::string &,
                                 const std::function<Status()> &enqueue) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point started = Clock::now();
  SEGC_RETURN_IF_ERROR(enqueue());
  SEGC_RETURN_IF_ERROR(synchronize(stream));
  return std::chrono::duration<double>(Clock::now() - started).count();
}

StatusOr<double> Device::launchTimed(Stream &stream,
                                     const KernelLaunch &launched) {
  const std::string name = launched.command->name ? launched.command->name : "";
  return measure(stream, name, [&] { return launch(stream, launched); });
}

StatusOr<bool> Device::prepareCall(const segc_command &command, int64_t) {
  if (command.alternatives > 0)
    return false;
  return unsupported("the device " + name() + " has no library of this name");
}

Status Device::call(Stream &, const KernelLaunch &) {
  return internalError(name() + ": a call of a library that it lacks");
}

StatusOr<HostView> Device::read(Stream &stream, DeviceAddress from,
                                uint64_t bytes) {
  if (sharesHostMemory() || bytes == 0) {
    SEGC_RETURN_IF_ERROR(synchronize(stream));
    return HostView(static_cast<const std::byte *>(from.asPointer()), bytes);
  }
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer copy,
                        AlignedBuffer::create(bytes, "host copy"));
  SEGC_RETURN_IF_ERROR(copyToHost(stream, copy.data(), from, bytes));
  SEGC_RETURN_IF_ERROR(synchronize(stream));
  return HostView(std::move(copy));
}

Status Device::write(Stream &stream, const DeviceBuffer &buffer,
                     uint64_t offset, const void *from, uint64_t bytes) {
  if (offset > buffer.size() || bytes > buffer.size() - offset)
    return internalError(name() + ": a copy of " + std::to_string(bytes) +
                         " bytes to byte " + std::to_string(offset) +
                         " of a buffer of " + std::to_string(buffer.size()));
  if (bytes == 0)
    return Status::success();
  SEGC_RETURN_IF_ERROR(
      copyToDevice(stream, buffer.address() + offset, from, bytes));
  return synchronize(stream);
}
