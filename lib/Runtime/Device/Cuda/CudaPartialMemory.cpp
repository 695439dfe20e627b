//===- CudaPartialMemory.cpp - Addresses of which parts have memory -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"

#include <cstdio>

using namespace segc;
using namespace segc::cuda;

namespace {
struct CudaPartialMemory : DeviceMemory {
  explicit CudaPartialMemory(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  ~CudaPartialMemory() override;
  DeviceAddress address() const override { return {base}; }
  /// Adds memory for a range of granules, zeroed once the service stream has
  /// done its work.
  Result map(const ByteRange &granules);

  struct Piece {
    ByteRange range;
    PhysicalHandle memory = 0;
    bool isMapped = false;
  };
  std::shared_ptr<const CudaContext> context;
  MemoryHandle base = 0;
  uint64_t reserved = 0;
  std::vector<Piece> pieces;
};
} // namespace

static PhysicalMemory memoryOf(const CudaContext &context) {
  PhysicalMemory memory = {};
  memory.kind = MemoryPinned;
  memory.location = {MemoryOfDevice, context.ordinal()};
  return memory;
}

Result CudaPartialMemory::map(const ByteRange &granules) {
  const CudaDriver &driver = context->driver();
  const PhysicalMemory wanted = memoryOf(*context);
  const MemoryAccess access = {wanted.location, MemoryReadWrite};
  const uint64_t bytes = granules.end - granules.begin;
  const MemoryHandle at = base + granules.begin;
  Piece piece = {granules};
  Result answered = driver.cuMemCreate(&piece.memory, bytes, &wanted, 0);
  if (answered != Success)
    return answered;
  answered = driver.cuMemMap(at, bytes, /*offset=*/0, piece.memory, 0);
  piece.isMapped = answered == Success;
  pieces.push_back(piece);
  if (answered == Success)
    answered = driver.cuMemSetAccess(at, bytes, &access, 1);
  return answered == Success
             ? driver.cuMemsetD8Async(at, 0, bytes, context->serviceStream())
             : answered;
}

/// Whoever ran kernels here has waited for them; only zeroing may go on.
CudaPartialMemory::~CudaPartialMemory() {
  const CurrentContext current(*context);
  const CudaDriver &driver = context->driver();
  driver.cuStreamSynchronize(context->serviceStream());
  for (const Piece &piece : pieces) {
    if (piece.isMapped)
      driver.cuMemUnmap(base + piece.range.begin,
                        piece.range.end - piece.range.begin);
    driver.cuMemRelease(piece.memory);
  }
  if (base)
    driver.cuMemAddressFree(base, reserved);
}

static uint64_t roundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// The granules that overlap ranges in ascending order.
static std::vector<ByteRange> granulesOf(const std::vector<ByteRange> &ranges,
                                         uint64_t granularity) {
  std::vector<ByteRange> granules;
  for (const ByteRange &range : ranges) {
    const uint64_t begin = range.begin / granularity * granularity,
                   end = roundUp(range.end, granularity);
    if (granules.empty() || begin > granules.back().end)
      granules.push_back({begin, end});
    else
      granules.back().end = end;
  }
  return granules;
}

static Status findGranularity(const CudaContext &context, size_t &bytes) {
  const PhysicalMemory memory = memoryOf(context);
  return context.check(context.driver().cuMemGetAllocationGranularity(
                           &bytes, &memory, MinimumGranularity),
                       "ask for the granularity of memory");
}

StatusOr<uint64_t>
CudaDevice::bytesOfParts(uint64_t bytes,
                         const std::vector<ByteRange> &used) const {
  if (!context->hasVirtualMemory())
    return bytes;
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  size_t granularity = 0;
  SEGC_RETURN_IF_ERROR(findGranularity(*context, granularity));
  uint64_t sum = 0;
  for (const ByteRange &granules : granulesOf(used, granularity))
    sum += granules.end - granules.begin;
  return sum;
}

StatusOr<DeviceBuffer>
CudaDevice::allocateParts(uint64_t bytes, const std::vector<ByteRange> &used,
                          const char *what) {
  if (bytes == 0)
    return DeviceBuffer();
  if (!context->hasVirtualMemory()) {
    std::fprintf(stderr,
                 "segrun: note: %s has no virtual memory: %s takes %llu bytes, "
                 "those of other ranks included\n",
                 name().c_str(), what, static_cast<unsigned long long>(bytes));
    return allocate(bytes, what, /*guards=*/false);
  }
  SEGC_RETURN_IF_ERROR(checkNotRecording("memory is allocated"));
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  size_t granularity = 0;
  SEGC_RETURN_IF_ERROR(findGranularity(*context, granularity));
  auto memory = std::make_unique<CudaPartialMemory>(context);
  memory->reserved = roundUp(bytes, granularity);
  SEGC_RETURN_IF_ERROR(
      check(driver().cuMemAddressReserve(&memory->base, memory->reserved,
                                         /*alignment=*/0, /*wanted=*/0, 0),
            std::string(what) + ": reserve " +
                std::to_string(memory->reserved) + " bytes of addresses"));
  for (const ByteRange &granules : granulesOf(used, granularity))
    SEGC_RETURN_IF_ERROR(allocationError(memory->map(granules),
                                         granules.end - granules.begin, what));
  SEGC_RETURN_IF_ERROR(
      check(driver().cuStreamSynchronize(context->serviceStream()),
            "wait for the stream of allocations"));
  return DeviceBuffer(std::move(memory), bytes);
}
