//===- FakeMemory.cpp - Memory and copies of the fake driver --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeState.h"

#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

using namespace fakecuda;

/// Offset between the addresses of the device and those of the process.
static constexpr MemoryHandle hidden = MemoryHandle{1} << 62;

Driver::~Driver() {
  for (void *address : pinned)
    std::free(address);
  for (const auto &[begin, reservation] : reservations)
    ::munmap(reservation.host, reservation.bytes);
}

MemoryHandle Driver::takeAddresses(uint64_t bytes) {
  static MemoryHandle next = hidden;
  const MemoryHandle taken = next;
  next += (bytes + 0xfff) & ~uint64_t{0xfff};
  return taken;
}

unsigned char *Driver::translateOperand(MemoryHandle address) {
  uint64_t offset = 0;
  const Reservation *reservation = reservationOf(address, offset);
  return reservation ? reservation->host + offset : translate(address, 1);
}

unsigned char *Driver::translate(MemoryHandle address, size_t bytes) {
  uint64_t offset = 0;
  if (const Reservation *reservation = reservationOf(address, offset))
    return reservation->hasMemory(offset, offset + bytes)
               ? reservation->host + offset
               : nullptr;
  const uint64_t left = bytesFrom(address);
  if (left == 0 || bytes > left)
    return nullptr;
  auto &[begin, allocation] = *std::prev(memory.upper_bound(address));
  return allocation.bytes.data() + (address - begin);
}

uint64_t Driver::bytesFrom(MemoryHandle address) {
  uint64_t reserved = 0;
  if (const Reservation *reservation = reservationOf(address, reserved))
    return reservation->bytes - reserved;
  auto next = memory.upper_bound(address);
  if (next == memory.begin())
    return 0;
  auto &[begin, allocation] = *std::prev(next);
  const uint64_t offset = address - begin, size = allocation.bytes.size();
  return offset < size ? size - offset : 0;
}

void *fakecuda::hostAddress(uint64_t address, uint64_t bytes) {
  return driver().translate(address, bytes);
}

Result fakecuda::cuMemGetInfo(size_t *free, size_t *total) {
  FAKE_ENTER();
  *total = driver().machine.memory;
  *free = driver().machine.memory - driver().used;
  return Success;
}

Result fakecuda::cuMemAlloc(MemoryHandle *address, size_t bytes) {
  FAKE_ENTER();
  if (const Result refused = driver().refuseCapture(__func__))
    return refused;
  if (bytes == 0)
    return driver().misuse("an allocation of no bytes", ErrorInvalidValue);
  if (bytes > driver().machine.memory - driver().used)
    return ErrorOutOfMemory;
  // A driver's memory is at multiples of 256 and holds what was there before.
  *address = Driver::takeAddresses(bytes);
  driver().memory[*address].bytes.assign(bytes, 0xcd);
  driver().used += bytes;
  return Success;
}

Result fakecuda::cuMemFree(MemoryHandle address) {
  FAKE_ENTER();
  auto found = driver().memory.find(address);
  if (found == driver().memory.end())
    return driver().misuse("cuMemFree of no allocation", ErrorInvalidValue);
  // A driver waits for all work before it takes memory back.
  for (const auto &[stream, owner] : driver().streams.all)
    driver().finish(*stream);
  driver().used -= found->second.bytes.size();
  driver().memory.erase(found);
  return Success;
}

Result fakecuda::cuMemHostAlloc(void **address, size_t bytes, unsigned) {
  FAKE_ENTER();
  if (const Result refused = driver().refuseCapture(__func__))
    return refused;
  *address = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  std::memset(*address, 0xcd, bytes);
  driver().pinned.insert(*address);
  return Success;
}

Result fakecuda::cuMemFreeHost(void *address) {
  FAKE_ENTER();
  if (!driver().pinned.erase(address))
    return driver().misuse("cuMemFreeHost of no allocation", ErrorInvalidValue);
  std::free(address);
  return Success;
}

/// Checks the range now and uses it when the work is done.
template <typename Use>
static Result submitUse(const char *function, StreamHandle handle,
                        MemoryHandle address, size_t bytes, Use use) {
  Stream *stream = driver().streams.find(handle);
  if (!stream)
    return driver().misuse(std::string(function) + " on an unknown stream",
                           InvalidHandle);
  if (!driver().translate(address, bytes))
    return driver().misuse(std::string(function) +
                               " of bytes outside of an allocation",
                           ErrorInvalidValue);
  return driver().submit(*stream, [=]() -> Result {
    unsigned char *data = driver().translate(address, bytes);
    return data ? use(data) : Result(IllegalAddress);
  });
}

Result fakecuda::cuMemsetD8Async(MemoryHandle address, unsigned char value,
                                 size_t bytes, StreamHandle stream) {
  FAKE_ENTER();
  return submitUse(__func__, stream, address, bytes,
                   [=](unsigned char *data) -> Result {
                     std::memset(data, value, bytes);
                     return Success;
                   });
}

Result fakecuda::cuMemcpyHtoDAsync(MemoryHandle to, const void *from,
                                   size_t bytes, StreamHandle stream) {
  FAKE_ENTER();
  return submitUse(__func__, stream, to, bytes,
                   [=](unsigned char *data) -> Result {
                     std::memcpy(data, from, bytes);
                     return Success;
                   });
}

Result fakecuda::cuMemcpyDtoHAsync(void *to, MemoryHandle from, size_t bytes,
                                   StreamHandle stream) {
  FAKE_ENTER();
  return submitUse(__func__, stream, from, bytes,
                   [=](unsigned char *data) -> Result {
                     std::memcpy(to, data, bytes);
                     return Success;
                   });
}

Result fakecuda::cuMemcpyDtoDAsync(MemoryHandle to, MemoryHandle from,
                                   size_t bytes, StreamHandle stream) {
  FAKE_ENTER();
  if (!driver().translate(to, bytes))
    return driver().misuse("a copy to bytes outside of an allocation",
                           ErrorInvalidValue);
  return submitUse(__func__, stream, from, bytes,
                   [=](unsigned char *data) -> Result {
                     unsigned char *target = driver().translate(to, bytes);
                     if (!target)
                       return IllegalAddress;
                     std::memmove(target, data, bytes);
                     return Success;
                   });
}
