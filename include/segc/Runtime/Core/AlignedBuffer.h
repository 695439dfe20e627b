//===- AlignedBuffer.h - Memory for kernels ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_ALIGNEDBUFFER_H
#define SEGC_RUNTIME_CORE_ALIGNEDBUFFER_H

#include "segc/Base/Status.h"

#include <cstddef>
#include <cstdint>

namespace segc {

/// Zeroed memory at a multiple of SEGC_ALIGNMENT; large buffers ask for huge
/// pages. With canaries, a known pattern is before and after the bytes, and
/// intact() returns whether it is unchanged.
class AlignedBuffer {
public:
  /// Of the pages of small buffers that are gone, which the process keeps for
  /// the next ones.
  static constexpr uint64_t maxSpareBytes = uint64_t{8} << 20;

  /// `what` names the buffer in the error when memory is short.
  static StatusOr<AlignedBuffer> create(uint64_t bytes, const char *what,
                                        bool canaries = false);

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer &&other) noexcept { swap(other); }
  AlignedBuffer &operator=(AlignedBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer();

  std::byte *data() const { return base ? base + guard : nullptr; }
  uint64_t size() const { return bytes; }
  float *floats() const { return reinterpret_cast<float *>(data()); }
  uint64_t floatCount() const { return bytes / sizeof(float); }
  /// True without canaries.
  bool intact() const;

private:
  void swap(AlignedBuffer &other) noexcept;

  std::byte *base = nullptr;
  uint64_t mapped = 0, bytes = 0, guard = 0;
};

/// Gives back the whole pages in a range of an AlignedBuffer, which read as
/// zeros from then on and come again when they are written. Returns their
/// bytes.
uint64_t releasePages(std::byte *begin, std::byte *end);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_ALIGNEDBUFFER_H
