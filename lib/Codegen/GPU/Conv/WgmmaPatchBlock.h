//===- WgmmaPatchBlock.h - Products of a patch by warpgroups ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_WGMMAPATCHBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_WGMMAPATCHBLOCK_H

#include "ForwardGemm.h"
#include "WgmmaStages.h"

namespace segc {

/// The tile of a block that reads each position of its input once, as that of
/// MmaPatchTiling, and multiplies by wgmma. Two warpgroups have half of the
/// tile's rows each, in *squares* of 8 x 8 pixels along the height and width: a
/// square is the 64 rows of an instruction. Stages hold taps of the filter.
///
/// The patch is not swizzled: it is [channels / 8][positions][8 channels], so
/// that the 8 positions of a line of a square are 128 bytes in one piece (a
/// core matrix of PTX), wherever they begin. A tap is then a shift of the
/// start address.
struct WgmmaPatchTiling {
  GemmTile tile;             ///< With a box.
  int64_t stages;            ///< Taps of the filter in shared memory, or more.
  MultiplyType multiplyType; ///< Bf16 or F16.
  bool copiesFilter = false; ///< B is a copy of an f32 filter (FilterCopy.h).

  static constexpr int64_t warpgroup = 128, warpgroups = 2,
                           consumers = warpgroups * warpgroup;
  static constexpr int64_t side = 8;  ///< Of a square.
  static constexpr int64_t piece = 8; ///< Channels of 16 bytes.

  int64_t threads() const { return consumers + 32; }
  /// Squares of a warpgroup.
  int64_t squares() const { return tile.rows / (warpgroups * wgmmaRows); }
  int64_t tapBytes() const { return 2 * tile.depth * tile.columns; }
  /// Swizzled boxes begin at multiples of 1024.
  int64_t stageBytes() const { return roundUp(tapBytes(), 1024); }
  Dims patch(const ConvProblem &problem) const {
    return ForwardGemm::patchOf(problem, tile);
  }
  /// From a piece of the channels of all positions to the next. Threads that
  /// store the pieces of a position together do so in different banks.
  int64_t pieceBytes(const ConvProblem &problem) const;
  int64_t patchBytes(const ConvProblem &problem) const {
    return tile.depth / piece * pieceBytes(problem);
  }
  /// Floats of the stages and the patch, whose place the sums take.
  int64_t factorFloats(const ConvProblem &problem) const {
    return divideUp(stages * stageBytes() + patchBytes(problem), 4);
  }
};

/// Emits the product of a block, for each of its threads, and what becomes of
/// it. The channels are a multiple of the tile's depth. The threads that
/// multiply load the patch, one more copies the filter by TMA.
void emitWgmmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                         const WgmmaPatchTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_WGMMAPATCHBLOCK_H
