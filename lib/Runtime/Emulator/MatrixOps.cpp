//===- MatrixOps.cpp - Tiles of tensor cores ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// ldmatrix and mma.sync. A fragment is what a lane has of a tile, as the PTX
// manual lays it out: group = lane / 4 and member = lane % 4 select the row (of
// A and of the accumulators) or the column (of B), and the place within.

#include "Block.h"
#include "segc/Base/Floats.h"

#include <cstring>

using namespace segc;

//===----------------------------------------------------------------------===//
// ldmatrix
//===----------------------------------------------------------------------===//

namespace {
struct MatrixLoad {
  const void *row;
  uint32_t *result;
};
} // namespace

static void loadMatrix(segc_emulator_thread *opaque, const void *row,
                       uint32_t count, uint32_t transposed, uint32_t *result,
                       const char *op) {
  constexpr uint32_t rows = 8, rowBytes = 16;
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  MatrixLoad own = {row, result};
  block.together(thread, ~0u, op, &own, [&](EmulatedThread *warp) {
    for (uint32_t matrix = 0; matrix < count; ++matrix) {
      uint16_t elements[rows][rows];
      for (uint32_t i = 0; i < rows; ++i) {
        EmulatedThread &lane = warp[matrix * rows + i];
        auto *from = static_cast<MatrixLoad *>(lane.arguments)->row;
        block.checkShared(lane, from, rowBytes, rowBytes, /*isStore=*/false,
                          op);
        std::memcpy(elements[i], from, rowBytes);
      }
      for (uint32_t lane = 0; lane < Block::warpThreads; ++lane) {
        uint32_t group = lane / 4, first = lane % 4 * 2;
        uint32_t low = transposed ? elements[first][group]
                                  : elements[group][first],
                 high = transposed ? elements[first + 1][group]
                                   : elements[group][first + 1];
        static_cast<MatrixLoad *>(warp[lane].arguments)->result[matrix] =
            low | high << 16;
      }
    }
  });
}

//===----------------------------------------------------------------------===//
// mma.sync
//===----------------------------------------------------------------------===//

namespace {

struct Multiply {
  const uint32_t *a, *b;
  const void *c;
  void *result;
};

/// Elements of A and B: how many are in a word, and the words of a fragment of
/// A; one of B has half of them. They are multiplied and summed as `Number`.
template <typename Number>
struct MultiplyKind {
  uint32_t depth, elementsPerWord, wordsOfA;
  void (*unpack)(uint32_t word, Number *elements);
};

} // namespace

static void unpackF16(uint32_t word, float *elements) {
  elements[0] = floatOfHalf(static_cast<uint16_t>(word));
  elements[1] = floatOfHalf(static_cast<uint16_t>(word >> 16));
}
static void unpackBF16(uint32_t word, float *elements) {
  elements[0] = floatOfBF16(static_cast<uint16_t>(word));
  elements[1] = floatOfBF16(static_cast<uint16_t>(word >> 16));
}
static void unpackTF32(uint32_t word, float *elements) {
  elements[0] = floatOfTF32(word);
}
/// Unsigned numbers wrap around as the signed sums of the instruction do.
static void unpackS8(uint32_t word, uint32_t *elements) {
  constexpr uint32_t sign = 0x80;
  for (uint32_t i = 0; i < 4; ++i)
    elements[i] = ((word >> (8 * i) & 0xff) ^ sign) - sign;
}

static constexpr MultiplyKind<float> floatKinds[SEGC_EMULATOR_MMA_S8_K32] = {
    {16, 2, 4, unpackF16}, {16, 2, 4, unpackBF16}, {8, 1, 4, unpackTF32},
    {8, 2, 2, unpackF16},  {8, 2, 2, unpackBF16},  {4, 1, 2, unpackTF32}};
static constexpr MultiplyKind<uint32_t> s8Kind = {32, 4, 4, unpackS8};

/// Returns the operations, a multiplication and a sum each.
template <typename Number>
static uint64_t multiplyTiles(EmulatedThread *warp,
                              const MultiplyKind<Number> &kind) {
  constexpr uint32_t rows = 16, columns = 8, maxDepth = 32;
  Number a[rows][maxDepth], b[maxDepth][columns], sums[rows][columns];
  auto partOf = [&](uint32_t lane) -> Multiply & {
    return *static_cast<Multiply *>(warp[lane].arguments);
  };
  auto forSums = [&](auto &&visit) {
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
      for (uint32_t i = 0; i < 4; ++i)
        visit(partOf(lane), i * sizeof(Number),
              sums[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2]);
  };
  for (uint32_t lane = 0; lane < Block::warpThreads; ++lane) {
    const Multiply &part = partOf(lane);
    uint32_t group = lane / 4, first = lane % 4 * kind.elementsPerWord;
    Number elements[4];
    for (uint32_t word = 0; word < kind.wordsOfA; ++word) {
      kind.unpack(part.a[word], elements);
      for (uint32_t e = 0; e < kind.elementsPerWord; ++e)
        a[group + 8 * (word % 2)]
         [first + 4 * kind.elementsPerWord * (word / 2) + e] = elements[e];
    }
    for (uint32_t word = 0; word < kind.wordsOfA / 2; ++word) {
      kind.unpack(part.b[word], elements);
      for (uint32_t e = 0; e < kind.elementsPerWord; ++e)
        b[first + 4 * kind.elementsPerWord * word + e][group] = elements[e];
    }
  }
  forSums([](Multiply &part, size_t byte, Number &sum) {
    std::memcpy(&sum, static_cast<const std::byte *>(part.c) + byte,
                sizeof(sum));
  });
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t k = 0; k < kind.depth; ++k)
      for (uint32_t column = 0; column < columns; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  forSums([](Multiply &part, size_t byte, Number &sum) {
    std::memcpy(static_cast<std::byte *>(part.result) + byte, &sum,
                sizeof(sum));
  });
  return uint64_t(2) * rows * columns * kind.depth;
}

static void multiply(segc_emulator_thread *opaque, uint32_t kind,
                     const uint32_t *a, const uint32_t *b, const void *c,
                     void *result, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Multiply own = {a, b, c, result};
  thread.block->together(thread, ~0u, op, &own, [&](EmulatedThread *warp) {
    uint64_t operations = kind == SEGC_EMULATOR_MMA_S8_K32
                              ? multiplyTiles(warp, s8Kind)
                              : multiplyTiles(warp, floatKinds[kind]);
    if (KernelCounts *counts = thread.block->options().counts)
      counts->tensorFlops += operations;
  });
}

void segc::addMatrixFunctions(segc_emulator_functions &functions) {
  functions.load_matrix = loadMatrix;
  functions.multiply = multiply;
}
