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
  const float *c;
  float *result;
};

/// Elements of A and B: how many are in a word, and the words of a fragment of
/// A; one of B has half of them.
struct MultiplyKind {
  uint32_t depth, elementsPerWord, wordsOfA;
  void (*unpack)(uint32_t word, float *elements);
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

static constexpr MultiplyKind multiplyKinds[SEGC_EMULATOR_MMA_KINDS] = {
    {16, 2, 4, unpackF16}, {16, 2, 4, unpackBF16}, {8, 1, 4, unpackTF32},
    {8, 2, 2, unpackF16},  {8, 2, 2, unpackBF16},  {4, 1, 2, unpackTF32}};

static void multiplyTiles(EmulatedThread *warp, const MultiplyKind &kind) {
  constexpr uint32_t rows = 16, columns = 8;
  float a[rows][16], b[16][columns], sums[rows][columns];
  auto partOf = [&](uint32_t lane) -> Multiply & {
    return *static_cast<Multiply *>(warp[lane].arguments);
  };
  auto forSums = [&](auto &&visit) {
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
      for (uint32_t i = 0; i < 4; ++i)
        visit(partOf(lane), i,
              sums[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2]);
  };
  for (uint32_t lane = 0; lane < Block::warpThreads; ++lane) {
    const Multiply &part = partOf(lane);
    uint32_t group = lane / 4, first = lane % 4 * kind.elementsPerWord;
    float elements[2];
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
  forSums([](Multiply &part, uint32_t i, float &sum) { sum = part.c[i]; });
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t k = 0; k < kind.depth; ++k)
      for (uint32_t column = 0; column < columns; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  forSums([](Multiply &part, uint32_t i, float &sum) { part.result[i] = sum; });
}

static void multiply(segc_emulator_thread *opaque, uint32_t kind,
                     const uint32_t *a, const uint32_t *b, const float *c,
                     float *result, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Multiply own = {a, b, c, result};
  thread.block->together(thread, ~0u, op, &own, [&](EmulatedThread *warp) {
    multiplyTiles(warp, multiplyKinds[kind]);
    if (KernelCounts *counts = thread.block->options().counts)
      counts->tensorFlops += uint64_t(2) * 16 * 8 * multiplyKinds[kind].depth;
  });
}

void segc::addMatrixFunctions(segc_emulator_functions &functions) {
  functions.load_matrix = loadMatrix;
  functions.multiply = multiply;
}
