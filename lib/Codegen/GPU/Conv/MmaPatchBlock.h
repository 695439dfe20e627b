//===- MmaPatchBlock.h - Products of a patch of the input -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_MMAPATCHBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_MMAPATCHBLOCK_H

#include "ForwardGemm.h"
#include "MmaBlock.h"

namespace segc {

/// The tile of a block that reads each position of its input once. The tile's
/// box of pixels and the halo around it, which the taps reach, are a patch in
/// shared memory, of `tile.depth` channels at a time; its rows are positions.
/// Stages hold the filter alone. A prologue is computed once for a position.
struct MmaPatchTiling : MmaTiling {
  /// Elements of the filter of all stages, behind which the patch begins.
  int64_t filterElements() const { return stages * tile.columns * tile.depth; }
  int64_t patchElements(const ConvProblem &problem) const {
    return product(ForwardGemm::patchOf(problem, tile)) * tile.depth;
  }
  int64_t elements(const ConvProblem &problem) const {
    return filterElements() + patchElements(problem);
  }
};

/// The same of quantized factors.
struct Int8PatchTiling : MmaPatchTiling {
  Int8PatchTiling() : Int8PatchTiling(MmaPatchTiling{}) {}
  explicit Int8PatchTiling(const MmaPatchTiling &tiling)
      : MmaPatchTiling(tiling) {
    isInt8 = copiesFilter = true;
  }
};

/// The runs of a patch that a thread copies.
int64_t patchRuns(const ConvProblem &problem, const MmaPatchTiling &tiling,
                  int64_t lanes);

/// Emits the product of a block, for each of its threads, and what becomes of
/// it. The groups' channels are a multiple of the tile's depth.
void emitMmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                       const MmaPatchTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMAPATCHBLOCK_H
