//===- WgmmaTiles.h - Factors and sums of wgmma -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_WGMMATILES_H
#define SEGC_LIB_RUNTIME_EMULATOR_WGMMATILES_H

#include "TensorCopies.h"
#include "segc/emulator.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace segc {

constexpr uint32_t wgmmaRows = 64;

/// A tile of a factor in shared memory, as a matrix descriptor describes it:
/// rows are those of A or the columns of B, and 32 bytes of each.
struct WgmmaTile {
  static constexpr uint32_t pieceBytes = 16;

  uint32_t start, leadingBytes, strideBytes, baseOffset, swizzleBytes;
  bool isMNMajor;

  WgmmaTile(uint64_t descriptor, bool isMNMajor);
  /// What has no emulation; empty: nothing.
  std::string wrong() const;
  /// Calls `visit(address, row, k)` for each piece of 16 bytes: elements of a
  /// row along k, or elements at a k along rows.
  template <typename Visit>
  void forPieces(uint32_t rows, uint32_t elementBytes, Visit &&visit) const {
    uint32_t elements = pieceBytes / elementBytes,
             width = swizzleBytes ? swizzleBytes : pieceBytes;
    if (!isMNMajor) {
      uint32_t next = swizzleBytes ? pieceBytes : leadingBytes;
      for (uint32_t row = 0; row < rows; ++row)
        for (uint32_t piece = 0; piece < 2; ++piece)
          visit(swizzled(start + row % 8 * width + row / 8 * strideBytes +
                             piece * next,
                         swizzleBytes),
                row, piece * elements);
      return;
    }
    uint32_t nextPieces = swizzleBytes ? leadingBytes : strideBytes,
             nextDepths = swizzleBytes ? strideBytes : leadingBytes;
    for (uint32_t k = 0; k < 2 * elements; ++k)
      for (uint32_t piece = 0; piece < rows / elements; ++piece)
        visit(swizzled(start + piece * pieceBytes % width +
                           piece * pieceBytes / width * nextPieces +
                           k % 8 * width + k / 8 * nextDepths,
                       swizzleBytes),
              piece * elements, k);
  }
};

/// Accumulators of a warpgroup, 64 rows of so many columns. One product after
/// the other is added to them, each of which makes older results invalid.
struct WgmmaAccumulators {
  std::vector<float> sums;
  uint32_t columns = 0;
  uint32_t newest = 0; ///< Result that a thread has got.
  uint32_t result = 0; ///< Of the last product that all threads have issued,
  uint64_t group = 0;  ///< and the group that it is in.
};

/// A tile of A times one of B, added to accumulators.
struct WgmmaProduct {
  const char *op = "";
  uint32_t type = 0, columns = 0, flags = 0;
  uint64_t a = 0, b = 0;
  std::shared_ptr<WgmmaAccumulators> accumulators;
  uint32_t source = 0; ///< Result that it adds to; 0: other values.

  uint32_t elementBytes() const {
    return type == SEGC_EMULATOR_WGMMA_TF32 ? 4 : 2;
  }
  uint32_t depth() const { return 32 / elementBytes(); }
  WgmmaTile tileA() const {
    return {a, (flags & SEGC_EMULATOR_WGMMA_A_MN_MAJOR) != 0};
  }
  WgmmaTile tileB() const {
    return {b, (flags & SEGC_EMULATOR_WGMMA_B_MN_MAJOR) != 0};
  }
  bool isSameAs(const WgmmaProduct &other) const {
    return op == other.op && a == other.a && b == other.b;
  }
  void run(const std::byte *memory) const;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_WGMMATILES_H
