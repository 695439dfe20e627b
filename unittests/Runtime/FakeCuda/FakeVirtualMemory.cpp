//===- FakeVirtualMemory.cpp - Addresses apart from memory ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Reserved addresses are pages of the process that nobody may access: a kernel
// that accesses one without memory is a fault of the process, a copy is
// refused.

#include "FakeState.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

using namespace fakecuda;

/// A page, so that small tensors have several granules.
static constexpr size_t granularity = 4096;

static bool isWhole(uint64_t bytes) {
  return bytes > 0 && bytes % granularity == 0;
}

Driver::Reservation *Driver::reservationOf(MemoryHandle address,
                                           uint64_t &offset) {
  auto next = reservations.upper_bound(address);
  if (next == reservations.begin())
    return nullptr;
  auto &[begin, reservation] = *std::prev(next);
  offset = address - begin;
  return offset < reservation.bytes ? &reservation : nullptr;
}

bool Driver::Reservation::hasMemory(uint64_t begin, uint64_t end) const {
  while (begin < end) {
    auto next = mappings.upper_bound(begin);
    if (next == mappings.begin())
      return false;
    const auto &[offset, mapping] = *std::prev(next);
    if (!mapping.isAccessible || offset + mapping.bytes <= begin)
      return false;
    begin = offset + mapping.bytes;
  }
  return true;
}

/// Gives memory back that is neither named nor mapped any more.
static void freeUnused(PhysicalHandle handle) {
  auto found = driver().physical.find(handle);
  if (found->second.isNamed || found->second.isMapped)
    return;
  driver().used -= found->second.bytes;
  driver().physical.erase(found);
}

Result fakecuda::cuMemGetAllocationGranularity(size_t *bytes,
                                               const PhysicalMemory *memory,
                                               int option) {
  FAKE_ENTER();
  if (memory->kind != MemoryPinned || memory->location.kind != MemoryOfDevice ||
      option != MinimumGranularity)
    return driver().misuse("the granularity of unknown memory",
                           ErrorInvalidValue);
  *bytes = granularity;
  return Success;
}

Result fakecuda::cuMemAddressReserve(MemoryHandle *address, size_t bytes,
                                     size_t alignment, MemoryHandle wanted,
                                     unsigned long long flags) {
  FAKE_ENTER();
  if (!isWhole(bytes) || alignment || wanted || flags)
    return driver().misuse("addresses that are not whole granules",
                           ErrorInvalidValue);
  void *host = ::mmap(nullptr, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (host == MAP_FAILED)
    return ErrorOutOfMemory;
  *address = Driver::takeAddresses(bytes);
  driver().reservations[*address] = {
      static_cast<unsigned char *>(host), bytes, {}};
  return Success;
}

Result fakecuda::cuMemAddressFree(MemoryHandle address, size_t bytes) {
  FAKE_ENTER();
  auto found = driver().reservations.find(address);
  if (found == driver().reservations.end() || found->second.bytes != bytes ||
      !found->second.mappings.empty())
    return driver().misuse("cuMemAddressFree of addresses that are not "
                           "reserved, or that have memory",
                           ErrorInvalidValue);
  ::munmap(found->second.host, bytes);
  driver().reservations.erase(found);
  return Success;
}

Result fakecuda::cuMemCreate(PhysicalHandle *handle, size_t bytes,
                             const PhysicalMemory *memory,
                             unsigned long long flags) {
  FAKE_ENTER();
  if (const Result refused = driver().refuseCapture(__func__))
    return refused;
  if (!isWhole(bytes) || memory->kind != MemoryPinned || memory->sharedAs ||
      memory->location.kind != MemoryOfDevice || flags)
    return driver().misuse("memory that is not whole granules of the GPU",
                           ErrorInvalidValue);
  if (bytes > driver().machine.memory - driver().used)
    return ErrorOutOfMemory;
  static PhysicalHandle next = 1;
  *handle = next++;
  driver().physical[*handle] = {bytes, /*isNamed=*/true, /*isMapped=*/false};
  driver().used += bytes;
  return Success;
}

Result fakecuda::cuMemRelease(PhysicalHandle handle) {
  FAKE_ENTER();
  auto found = driver().physical.find(handle);
  if (found == driver().physical.end() || !found->second.isNamed)
    return driver().misuse("cuMemRelease of no memory", ErrorInvalidValue);
  found->second.isNamed = false;
  freeUnused(handle);
  return Success;
}

Result fakecuda::cuMemMap(MemoryHandle address, size_t bytes, size_t offset,
                          PhysicalHandle handle, unsigned long long flags) {
  FAKE_ENTER();
  uint64_t at = 0;
  Driver::Reservation *reservation = driver().reservationOf(address, at);
  auto found = driver().physical.find(handle);
  const bool isFree =
      reservation && at % granularity == 0 &&
      bytes <= reservation->bytes - at &&
      std::none_of(reservation->mappings.begin(), reservation->mappings.end(),
                   [&](const auto &other) {
                     return other.first < at + bytes &&
                            at < other.first + other.second.bytes;
                   });
  if (!isFree || found == driver().physical.end() || found->second.isMapped ||
      bytes != found->second.bytes || offset || flags)
    return driver().misuse("cuMemMap of memory, or to addresses, that are not "
                           "free",
                           ErrorInvalidValue);
  found->second.isMapped = true;
  reservation->mappings[at] = {bytes, handle, /*isAccessible=*/false};
  return Success;
}

Result fakecuda::cuMemSetAccess(MemoryHandle address, size_t bytes,
                                const MemoryAccess *access, size_t count) {
  FAKE_ENTER();
  uint64_t at = 0;
  Driver::Reservation *reservation = driver().reservationOf(address, at);
  const auto mapping =
      reservation
          ? reservation->mappings.find(at)
          : std::map<uint64_t, Driver::Reservation::Mapping>::iterator();
  if (!reservation || mapping == reservation->mappings.end() ||
      mapping->second.bytes != bytes || count != 1 ||
      access->location.kind != MemoryOfDevice ||
      access->flags != MemoryReadWrite)
    return driver().misuse("cuMemSetAccess to addresses without memory",
                           ErrorInvalidValue);
  ::mprotect(reservation->host + at, bytes, PROT_READ | PROT_WRITE);
  std::memset(reservation->host + at, 0xcd, bytes);
  mapping->second.isAccessible = true;
  return Success;
}

Result fakecuda::cuMemUnmap(MemoryHandle address, size_t bytes) {
  FAKE_ENTER();
  uint64_t at = 0;
  Driver::Reservation *reservation = driver().reservationOf(address, at);
  if (!reservation || !reservation->mappings.count(at) ||
      reservation->mappings[at].bytes != bytes)
    return driver().misuse("cuMemUnmap of addresses without memory",
                           ErrorInvalidValue);
  // Unlike cuMemFree, it waits for nobody.
  for (const auto &[stream, owner] : driver().streams.all)
    if (stream->done < stream->items.size())
      return driver().misuse("cuMemUnmap while work is under way",
                             ErrorInvalidValue);
  const PhysicalHandle handle = reservation->mappings[at].memory;
  ::mprotect(reservation->host + at, bytes, PROT_NONE);
  reservation->mappings.erase(at);
  driver().physical[handle].isMapped = false;
  freeUnused(handle);
  return Success;
}
