//===- GemmWork.h - What tilings of convolutions are chosen for -*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_GEMMWORK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_GEMMWORK_H

#include "ConvGemm.h"

namespace segc {

/// The convolution of a fusion as a matrix product for a target.
struct GemmWork {
  mutable seg::FusionOp fusion; // A handle.
  ConvProblem problem;
  bool isFilterGrad;
  const GpuTarget &target;
  /// Whether a copy of the filter is made ahead of the entry.
  bool isPrepared;

  GemmWork(seg::FusionOp fusion, const GpuTarget &target,
           bool isPrepared = false);
  int64_t blocks(const GemmTile &tile, int64_t parts) const;
  /// Steps of a block with the most.
  int64_t steps(const GemmTile &tile, int64_t parts) const;
  /// Of all blocks: phases have different numbers of taps.
  double meanSteps(const GemmTile &tile, int64_t parts) const;
  int64_t rows() const;    ///< Of the product of a sample, phase and group.
  int64_t columns() const; ///< Of a group.
  GemmAccess access(GemmOperand operand) const;
  /// Of the launches that merge parts, or the tiles of reductions.
  double mergeSeconds(const GemmTile &tile, int64_t parts) const;
  int64_t tempFloats(const GemmTile &tile, int64_t parts) const;
  /// Floats of shared memory of a block that needs so many for its steps.
  int64_t sharedFloats(const GemmTile &tile, int64_t threads,
                       int64_t stepFloats) const;
  /// The numbers of parts that a filter gradient may be cut into.
  llvm::SmallVector<int64_t> partCounts(const GemmTile &tile) const;
  /// The reason why a block of so many threads and floats of shared memory
  /// cannot be launched, or cannot store its tile; empty if it can.
  std::string refusal(const GemmTile &tile, int64_t threads,
                      int64_t floats) const;
};

/// Work of a block for the roofline.
struct BlockCost {
  GemmTile tile;
  int64_t parts, threads, sharedFloats;
  double registers; ///< Of a thread.
  double step;      ///< Seconds of a multiprocessor for a step.
  double latency;   ///< Seconds that a step waits at least.
  double stepBytes; ///< Of A and B that a step reads.
  /// Warps that multiply, which the four partitions of a multiprocessor share.
  int64_t multiplyingWarps = 4;
  /// Of `step`, products that run while warps of other blocks issue
  /// instructions: mma.sync takes a fifth of the instructions that they could.
  double asynchronous = 0;
};

/// Seconds by the roofline of a device whose multiprocessors each do some of
/// the blocks.
double modelledSeconds(const GemmWork &work, const BlockCost &cost);
/// Seconds of a multiprocessor to issue instructions of so many threads.
double issueSeconds(const GpuTarget &target, double instructions);

/// A tiling, the parts of a filter gradient's pixels, and the modelled seconds.
template <typename Tiling>
struct GemmChoice {
  Tiling tiling;
  int64_t parts = 1;
  double seconds = 0;
};

/// Adds the tiling with every number of parts.
template <typename Tiling>
void addChoices(const GemmWork &work, const Tiling &tiling,
                llvm::SmallVectorImpl<GemmChoice<Tiling>> &choices) {
  if (refusal(work, tiling).empty())
    for (int64_t parts : work.partCounts(tiling.tile))
      choices.push_back({tiling, parts, modelledSeconds(work, tiling, parts)});
}

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_GEMMWORK_H
