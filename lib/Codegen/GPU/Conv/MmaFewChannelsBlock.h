//===- MmaFewChannelsBlock.h - Products of few channels ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Convolutions of few channels, as of an image, and their filter gradients by
// mma.sync of tf32. The taps of all channels are one short dimension: the depth
// of a convolution, the rows of a filter gradient. The block copies a box of
// pixels and the halo around it, a patch of the input with all channels, to
// shared memory, and loads the factors of the taps from there one by one: a
// lane always has the same taps, whose offsets in the patch it computes once.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_MMAFEWCHANNELSBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_MMAFEWCHANNELSBLOCK_H

#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "MmaBlock.h"

namespace segc {

/// The tile of a convolution. Its depth is that of `fewChannelsDepth`: one step
/// has all of the filter.
struct MmaFewChannelsTiling : MmaTiling {
  int64_t patchElements(const ConvProblem &problem) const;
  /// From one depth to the next of the filter, whose rows lie in other banks.
  int64_t filterPitch() const { return tile.columns + 8; }
  int64_t elements(const ConvProblem &problem) const {
    return patchElements(problem) + tile.depth * filterPitch();
  }
};

/// The tile of a filter gradient, whose depth are the pixels of a box.
struct MmaFewChannelsGradTiling : MmaTiling {
  int64_t patchElements(const ConvProblem &problem) const;
  /// Elements of the output's gradient, in its own type, and from one pixel to
  /// the next.
  int64_t gradPitch() const { return tile.columns + 8; }
  int64_t gradElements() const { return tile.depth * gradPitch(); }
  /// Floats of a stage with a gradient of so many bytes an element.
  int64_t stageFloats(const ConvProblem &problem, int64_t gradBytes) const {
    return patchElements(problem) + gradElements() * gradBytes / 4;
  }
};

/// Taps by channels of a group.
inline int64_t tapChannels(const ConvProblem &problem) {
  return product(problem.taps) * problem.groupInputs();
}
/// The same in whole fragments.
inline int64_t fewChannelsDepth(const ConvProblem &problem) {
  return std::max<int64_t>(16, roundUp(tapChannels(problem), 8));
}
/// The type in which a filter gradient's other factor lies in memory and is
/// copied: Bf16, F16, or Tf32 for f32.
MultiplyType gradFactorType(mlir::Operation *root);

/// Emits the product of a block, for each of its threads, and what becomes of
/// it.
void emitMmaFewChannelsBlock(GpuKernelBody &k, ForwardGemm &gemm,
                             const MmaFewChannelsTiling &tiling);
void emitMmaFewChannelsGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                                 const MmaFewChannelsGradTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMAFEWCHANNELSBLOCK_H
