//===- Device.cpp - Memory, streams and launches of a device --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/Device.h"
#include "HostMemory.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace segc;

StatusOr<DeviceBuffer> Device::allocateStaging(uint64_t bytes,
                                               const char *what) {
  return allocateOnHost(bytes, what, /*guards=*/false);
}

Status Device::copyThroughStaging(Stream &stream, DeviceAddress to,
                                  void *staging, const void *from,
                                  uint64_t bytes) {
  // The threads fill a part of the staging while the device reads the one in
  // front of it: a thread alone is slower than the bus.
  constexpr uint64_t partBytes = 8 << 20, pieceBytes = 256 << 10;
  const auto *source = static_cast<const std::byte *>(from);
  auto *staged = static_cast<std::byte *>(staging);
  for (uint64_t begin = 0; begin < bytes; begin += partBytes) {
    const uint64_t end = std::min(bytes, begin + partBytes);
    const auto pieces =
        static_cast<int64_t>((end - begin + pieceBytes - 1) / pieceBytes);
    threadPool().parallelFor(pieces, [&](int64_t piece, uint32_t) {
      const uint64_t at = begin + static_cast<uint64_t>(piece) * pieceBytes;
      std::memcpy(staged + at, source + at, std::min(pieceBytes, end - at));
    });
    SEGC_RETURN_IF_ERROR(
        copyToDevice(stream, to + begin, staged + begin, end - begin));
  }
  return Status::success();
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

Status Device::enqueueWork(Stream &, std::function<Status(void *)>) {
  return internalError(name() + ": work of others on its streams");
}

Status Device::prepareConversion(const Conversion &) {
  return Status::success();
}

Status Device::convert(Stream &, const Conversion &, DeviceAddress,
                       DeviceAddress) {
  return internalError(name() + ": a conversion of values");
}

Status Device::prepareAccumulation() { return Status::success(); }

Status Device::accumulate(Stream &, const Accumulation &) {
  return internalError(name() + ": a sum of values");
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
