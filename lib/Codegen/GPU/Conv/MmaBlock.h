//===- MmaBlock.h - Products by tensor cores --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_MMABLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_MMABLOCK_H

#include "ConvGemm.h"
#include "segc/Target/MultiplyType.h"

namespace segc {

/// The tile of a block and of its warps.
struct MmaTiling {
  GemmTile tile;                 ///< Whose depth is a multiple of 16.
  int64_t warpRows, warpColumns; ///< Multiples of 16.
  int64_t stages;                ///< Steps in shared memory, at least 2.
  MultiplyType multiplyType;     ///< Bf16 or F16.

  int64_t threads() const {
    return tile.rows / warpRows * (tile.columns / warpColumns) * 32;
  }
  /// 16-bit elements of A and B of a step.
  int64_t stageElements() const {
    return (tile.rows + tile.columns) * tile.depth;
  }
  int64_t sharedFloats() const {
    return std::max(stages * stageElements() / 2, GemmSums::floats(tile));
  }
};

/// Emits the product of a block by mma.sync (m16n8k16) with sums in f32, for
/// each of its threads, and what becomes of it. Steps are copied to shared
/// memory asynchronously, `stages` - 1 ahead; what has another type in memory,
/// comes from a prologue or is no whole number of words goes through registers.
void emitMmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling);

/// Whether runs of so many elements of the memref are copied asynchronously.
bool copiesAsynchronously(mlir::Value memref, int64_t lanes,
                          MultiplyType multiplyType);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMABLOCK_H
