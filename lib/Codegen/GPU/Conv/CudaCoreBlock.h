//===- CudaCoreBlock.h - Products in f32 ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CUDACOREBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CUDACOREBLOCK_H

#include "ConvGemm.h"

namespace segc {

/// The tile of a block and of its threads.
struct CudaCoreTiling {
  static constexpr int64_t lanes = 4; ///< Of shared memory's vectors.

  GemmTile tile;
  int64_t threadRows, threadColumns; ///< Multiples of `lanes`.

  int64_t threads() const {
    return tile.rows / threadRows * (tile.columns / threadColumns);
  }
  /// Floats of a row of A or B in shared memory: [depth][rows or columns].
  /// Values that are next to each other in a row of the input are not in the
  /// same bank.
  int64_t pitch(GemmOperand operand) const {
    return (operand == GemmOperand::A ? tile.rows : tile.columns) + lanes;
  }
  int64_t stageFloats() const {
    return tile.depth * (pitch(GemmOperand::A) + pitch(GemmOperand::B));
  }
  int64_t sharedFloats() const {
    return std::max(2 * stageFloats(), GemmSums::floats(tile));
  }
};

/// Emits the product of a block, for each of its threads, and what becomes of
/// it. While the threads multiply a step in shared memory, they load the next.
void emitCudaCoreBlock(GpuKernelBody &k, ConvGemm &gemm,
                       const CudaCoreTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CUDACOREBLOCK_H
