//===- SharedBuffer.h - Memory that other processes map ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_SHAREDBUFFER_H
#define SEGC_RUNTIME_CORE_SHAREDBUFFER_H

#include "segc/Base/Status.h"

#include <cstddef>
#include <cstdint>

namespace segc {

/// Memory at a multiple of a page that other processes of this user can map:
/// without a file in any folder, and of a size that nobody can change any more,
/// so that every access finds its page.
class SharedBuffer {
public:
  /// Where a process finds the memory of another one.
  struct Place {
    int64_t process = 0;
    int descriptor = -1;
    uint64_t bytes = 0;
  };

  /// Allocates zeroed memory, all of it: `what` names it in the error when
  /// memory is short. Fails with Unsupported where the system has no memory of
  /// this kind.
  static StatusOr<SharedBuffer> create(uint64_t bytes, const char *what);
  /// Maps the memory that a process of this process's PID namespace has at
  /// `place`. Fails where there is something else.
  static StatusOr<SharedBuffer> map(const Place &place);

  SharedBuffer() = default;
  SharedBuffer(SharedBuffer &&other) noexcept { swap(other); }
  SharedBuffer &operator=(SharedBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedBuffer();

  std::byte *data() const { return base; }
  uint64_t size() const { return bytes; }
  /// Of memory that this process has created.
  Place place() const;

private:
  void swap(SharedBuffer &other) noexcept;
  /// Maps `descriptor`.
  Status open(uint64_t size);

  std::byte *base = nullptr;
  uint64_t bytes = 0;
  int descriptor = -1;
};

} // namespace segc

#endif // SEGC_RUNTIME_CORE_SHAREDBUFFER_H
