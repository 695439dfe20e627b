//===- ConvEmitter.h - The kernel that multiplies ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONVEMITTER_H
#define SEGC_LIB_CODEGEN_GPU_CONVEMITTER_H

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc {

/// Sums of a reduction that follows the convolution.
inline constexpr int64_t maxSums = 2;

/// Pixels of a thread; its channels are one vector.
inline constexpr int64_t threadPixels = 4;

/// What a block computes: pixels x output channels, `depth` input channels at a
/// time.
struct ConvTiling {
  int64_t pixels, channels, depth;

  int64_t threadColumns(int64_t lanes) const { return channels / lanes; }
  int64_t threadRows() const { return pixels / threadPixels; }
  int64_t threads(int64_t lanes) const {
    return threadRows() * threadColumns(lanes);
  }
  /// Input and filter of a step; later the sums of each thread row, and the
  /// numbers of channels that a reduction needs.
  int64_t sharedFloats() const {
    return std::max((pixels + channels) * depth,
                    (maxSums * threadRows() + 1) * channels);
  }
};

/// The reduction of what the kernel computes; null: none.
ChannelReductionOpInterface reductionOf(seg::FusionOp fusion);

/// Emits the kernel that multiplies; `layout` is of the reduction, null
/// without.
void emitConvBlock(GpuKernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
                   const ConvTiling &tiling, int64_t lanes,
                   const MomentLayout *layout);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONVEMITTER_H
