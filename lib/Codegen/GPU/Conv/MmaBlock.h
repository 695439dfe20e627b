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
  GemmTile tile;                 ///< Whose depth is a multiple of 16, of 32
                                 ///< where factors have 8 bits.
  int64_t warpRows, warpColumns; ///< Multiples of 16.
  int64_t stages = 2;            ///< Steps in shared memory, at least 2.
  MultiplyType multiplyType;     ///< Bf16, F16 or Tf32.
  bool copiesFilter = false;     ///< See FilterCopy.h.
  /// Factors are quantized, and multiplied as integers of 8 bits; the multiply
  /// type is not used.
  bool isInt8 = false;

  int64_t threads() const {
    return tile.rows / warpRows * (tile.columns / warpColumns) * 32;
  }
  /// Of a factor; those of tf32 are f32 until they are multiplied.
  int64_t elementBytes() const {
    if (isInt8)
      return 1;
    return multiplyType == MultiplyType::Tf32 ? 4 : 2;
  }
  /// Elements of a factor that are copied at a time, at most.
  int64_t pieceElements() const { return 16 / elementBytes(); }
  /// Elements of A and B of a step.
  int64_t stageElements() const {
    return (tile.rows + tile.columns) * tile.depth;
  }
  /// Floats of shared memory of all stages.
  int64_t stageFloats() const {
    return stages * stageElements() * elementBytes() / 4;
  }
};

/// The same of quantized factors.
struct Int8MmaTiling : MmaTiling {
  Int8MmaTiling() : Int8MmaTiling(MmaTiling{}) {}
  explicit Int8MmaTiling(const MmaTiling &tiling) : MmaTiling(tiling) {
    isInt8 = copiesFilter = true;
  }
};

/// Emits the product of a block by mma.sync with sums in f32 (m16n8k16, or
/// m16n8k8 of tf32) or in 32-bit integers (m16n8k32 of 8-bit ones), for each of
/// its threads, and what becomes of it. Steps are
/// copied to shared memory asynchronously, `stages` - 1 ahead; what has another
/// type in memory, comes from a prologue or is no whole number of words goes
/// through registers.
void emitMmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling);

/// The type of the factors, and that in which they lie in shared memory: bits.
mlir::Type multipliedType(mlir::MLIRContext *context,
                          MultiplyType multiplyType);
mlir::Type factorType(mlir::MLIRContext *context, MultiplyType multiplyType);

/// Whether runs of so many elements of this type in memory are copied
/// asynchronously; never if it is null, as of what a prologue computes.
bool copiesAsynchronously(mlir::Type stored, int64_t lanes,
                          MultiplyType multiplyType);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMABLOCK_H
