//===- WgmmaTiles.cpp - What wgmma computes -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Matrix descriptors and layouts are those of the PTX manual, as CUTLASS uses
// them.

#include "WgmmaTiles.h"

#include "segc/Base/Floats.h"

using namespace segc;

WgmmaTile::WgmmaTile(uint64_t descriptor, bool isMNMajor)
    : isMNMajor(isMNMajor) {
  auto address = [&](uint32_t firstBit) {
    return static_cast<uint32_t>(descriptor >> firstBit & 0x3fff) << 4;
  };
  constexpr uint32_t swizzles[] = {0, 128, 64, 32};
  start = address(0);
  leadingBytes = address(16);
  strideBytes = address(32);
  baseOffset = descriptor >> 49 & 7;
  swizzleBytes = swizzles[descriptor >> 62];
}

std::string WgmmaTile::wrong() const {
  if (baseOffset)
    return "has a base offset in a matrix descriptor, which is not emulated";
  if (swizzleBytes && start % (8 * swizzleBytes) >= swizzleBytes)
    return "has a matrix that begins at byte " + std::to_string(start) +
           " of shared memory, in the middle of a pattern of " +
           std::to_string(8 * swizzleBytes) + " bytes";
  return "";
}

/// Calls `visit(row, k, element)` for each element.
template <typename Element, typename Convert, typename Visit>
static void forElements(const WgmmaTile &tile, uint32_t rows,
                        const std::byte *memory, Convert &&convert,
                        Visit &&visit) {
  constexpr uint32_t count = WgmmaTile::pieceBytes / sizeof(Element);
  tile.forPieces(rows, sizeof(Element),
                 [&](uint32_t at, uint32_t row, uint32_t k) {
                   Element elements[count];
                   std::memcpy(elements, memory + at, sizeof(elements));
                   for (uint32_t i = 0; i < count; ++i)
                     visit(tile.isMNMajor ? row + i : row,
                           tile.isMNMajor ? k : k + i, convert(elements[i]));
                 });
}

/// Calls `visit(row, k, number)` for each element of a type.
template <typename Visit>
static void forNumbers(const WgmmaTile &tile, uint32_t rows, uint32_t type,
                       const std::byte *memory, Visit &&visit) {
  switch (type) {
  case SEGC_EMULATOR_WGMMA_F16:
    return forElements<uint16_t>(tile, rows, memory, floatOfHalf, visit);
  case SEGC_EMULATOR_WGMMA_BF16:
    return forElements<uint16_t>(tile, rows, memory, floatOfBF16, visit);
  default:
    return forElements<uint32_t>(tile, rows, memory, floatOfTF32, visit);
  }
}

void WgmmaProduct::run(const std::byte *memory) const {
  constexpr uint32_t rows = wgmmaRows, mostDepth = 16, mostColumns = 256;
  float factorA[rows][mostDepth], factorB[mostDepth][mostColumns];
  float signA = flags & SEGC_EMULATOR_WGMMA_NEGATE_A ? -1.0f : 1.0f,
        signB = flags & SEGC_EMULATOR_WGMMA_NEGATE_B ? -1.0f : 1.0f;
  forNumbers(tileA(), rows, type, memory,
             [&](uint32_t row, uint32_t k, float value) {
               factorA[row][k] = signA * value;
             });
  forNumbers(tileB(), columns, type, memory,
             [&](uint32_t column, uint32_t k, float value) {
               factorB[k][column] = signB * value;
             });
  // Four steps of the depth at a time, in order.
  for (uint32_t row = 0; row < rows; ++row) {
    float *sums = accumulators->sums.data() + size_t(row) * columns;
    for (uint32_t k = 0; k < depth(); k += 4) {
      const float *a = &factorA[row][k];
      for (uint32_t i = 0; i < columns; ++i) {
        float sum = sums[i];
        for (uint32_t step = 0; step < 4; ++step)
          sum += a[step] * factorB[k + step][i];
        sums[i] = sum;
      }
    }
  }
}
