//===- AlignedBuffer.cpp - Memory for kernels -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/model.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <vector>

using namespace segc;

static constexpr uint64_t hugePage = uint64_t{2} << 20;
static constexpr uint64_t page = 4096;
static constexpr uint64_t guardBytes = page;
static constexpr unsigned char guardByte = 0xA5;
static_assert(guardBytes % SEGC_ALIGNMENT == 0, "guards keep the alignment");

static uint64_t roundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// What is mapped for a small buffer, so that one of about the same size can
/// have it later. Pages that nobody touches take no memory.
static uint64_t powerOfTwo(uint64_t bytes) {
  uint64_t power = page;
  while (power < bytes)
    power *= 2;
  return power;
}

namespace {
/// The pages of small buffers that are gone, for the next ones: to fault a page
/// in takes many times as long as to clear it.
class SparePages {
public:
  /// Returns null if there are none of this size.
  std::byte *take(uint64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto it = spare.rbegin(); it != spare.rend(); ++it)
      if (it->bytes == bytes) {
        std::byte *base = it->base;
        spare.erase(std::next(it).base());
        total -= bytes;
        return base;
      }
    return nullptr;
  }
  /// The oldest pages make room.
  void keep(std::byte *base, uint64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    spare.push_back({base, bytes});
    total += bytes;
    while (total > AlignedBuffer::maxSpareBytes) {
      total -= spare.front().bytes;
      munmap(spare.front().base, spare.front().bytes);
      spare.erase(spare.begin());
    }
  }

  /// Never destroyed, so that buffers of any lifetime may use it.
  static SparePages &instance() {
    static auto *pages = new SparePages;
    return *pages;
  }

private:
  struct Pages {
    std::byte *base;
    uint64_t bytes;
  };
  std::mutex mutex;
  std::vector<Pages> spare; // Guarded by `mutex`, as is `total`.
  uint64_t total = 0;
};
} // namespace

StatusOr<AlignedBuffer> AlignedBuffer::create(uint64_t bytes, const char *what,
                                              bool canaries) {
  AlignedBuffer buffer;
  if (bytes == 0)
    return buffer;
  auto refuse = [&](const std::string &reason) -> Status {
    return {StatusCode::IoError, std::string(what) + ": cannot allocate " +
                                     std::to_string(bytes) +
                                     " bytes: " + reason};
  };
  if (bytes > (uint64_t{1} << 46))
    return refuse("no processor addresses that much");
  uint64_t guard = canaries ? guardBytes : 0;
  uint64_t usable = roundUp(bytes, SEGC_ALIGNMENT) + 2 * guard;
  bool huge = usable >= 2 * hugePage;
  // One page more, to start at a huge page: the kernel then backs all of it.
  uint64_t mapped =
      huge ? roundUp(usable, page) + hugePage : powerOfTwo(usable);
  std::byte *base = huge ? nullptr : SparePages::instance().take(mapped);
  if (base) {
    std::memset(base, 0, usable);
  } else {
    void *memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return refuse(std::strerror(errno));
    base = static_cast<std::byte *>(memory);
  }
  if (huge) {
    uint64_t skip = roundUp(reinterpret_cast<uint64_t>(base), hugePage) -
                    reinterpret_cast<uint64_t>(base);
    if (skip)
      munmap(base, skip);
    base += skip;
    mapped -= skip;
    madvise(base, mapped, MADV_HUGEPAGE); // a wish: failing costs speed alone
  }
  buffer.base = base;
  buffer.mapped = mapped;
  buffer.bytes = bytes;
  buffer.guard = guard;
  if (guard) {
    std::memset(base, guardByte, guard);
    std::memset(base + guard + bytes, guardByte, guard);
  }
  return buffer;
}

AlignedBuffer::~AlignedBuffer() {
  // Those with huge pages have more.
  if (base && mapped <= 2 * hugePage)
    SparePages::instance().keep(base, mapped);
  else if (base)
    munmap(base, mapped);
}

bool AlignedBuffer::intact() const {
  for (uint64_t i = 0; i < guard; ++i)
    if (base[i] != std::byte{guardByte} ||
        base[guard + bytes + i] != std::byte{guardByte})
      return false;
  return true;
}

void AlignedBuffer::swap(AlignedBuffer &other) noexcept {
  std::swap(base, other.base);
  std::swap(mapped, other.mapped);
  std::swap(bytes, other.bytes);
  std::swap(guard, other.guard);
}

uint64_t segc::releasePages(std::byte *begin, std::byte *end) {
  std::byte *first = begin + (roundUp(reinterpret_cast<uint64_t>(begin), page) -
                              reinterpret_cast<uint64_t>(begin));
  const uint64_t bytes =
      end > first ? static_cast<uint64_t>(end - first) / page * page : 0;
  // A huge page would bring the others back.
  if (bytes == 0 || madvise(first, bytes, MADV_DONTNEED) != 0)
    return 0;
  madvise(first, bytes, MADV_NOHUGEPAGE); // a wish, too
  return bytes;
}
