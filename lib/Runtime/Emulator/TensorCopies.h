//===- TensorCopies.h - Copies of boxes of tensors --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_TENSORCOPIES_H
#define SEGC_LIB_RUNTIME_EMULATOR_TENSORCOPIES_H

#include "ThreadOrder.h"
#include "segc/model.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace segc {

/// Returns the address in shared memory that stands at an address of the
/// pattern of a swizzle of so many bytes (0: none): bits 4 to 6 change by bits
/// 7 to 9.
inline uint32_t swizzled(uint32_t address, uint32_t swizzleBytes) {
  uint32_t mask = swizzleBytes ? swizzleBytes / 16 - 1 : 0;
  return address ^ (address >> 7 & mask) << 4;
}

/// A tensor map of a launch, what depends on the number of samples included.
struct TensorMap : segc_tensor_map {
  std::byte *address = nullptr;
  uint32_t elementBytes() const { return static_cast<uint32_t>(strides[0]); }
};

/// A copy of a box between a tensor and shared memory.
struct TensorCopy {
  const TensorMap *map = nullptr;
  std::array<int32_t, SEGC_MAX_TENSOR_RANK> coordinates = {};
  uint32_t shared = 0; ///< Address in shared memory.

  /// Positions of the box in a dimension; strides leave some out.
  uint32_t extent(uint32_t dimension) const;
  uint32_t rowBytes() const { return map->box[0] * map->elementBytes(); }
  uint32_t bytes() const;
  void land(std::byte *memory) const;
  /// The same in the other direction.
  void storeFrom(const std::byte *memory) const;

  /// Calls `visit(address in shared memory, row in the tensor, first byte of
  /// the row that is inside, end of these)` for each row of dimension 0.
  template <typename Visit>
  void forRows(Visit &&visit) const;
};

/// Stores of a thread that are under way.
struct TensorStores {
  struct Group {
    size_t count; ///< Of the stores.
    ThreadOrder::Release reads;
  };
  uint32_t agent = 0;             ///< That reads for them; 0: none yet.
  std::vector<TensorCopy> stores; ///< The oldest first.
  std::deque<Group> groups;       ///< Those behind the last are not committed.
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_TENSORCOPIES_H
