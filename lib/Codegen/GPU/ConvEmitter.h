//===- ConvEmitter.h - Implicit GEMM kernel of a convolution ----*- C++ -*-===//
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

/// The largest number of sums of a reduction that follows the convolution.
inline constexpr int64_t maxSums = 2;

/// Pixels of a thread. Its channels are one vector.
inline constexpr int64_t threadPixels = 4;

/// The tile of a block: pixels x output channels, and the `depth` input
/// channels of a step.
struct ConvTiling {
  int64_t pixels, channels, depth;

  int64_t threadColumns(int64_t lanes) const { return channels / lanes; }
  int64_t threadRows() const { return pixels / threadPixels; }
  int64_t threads(int64_t lanes) const {
    return threadRows() * threadColumns(lanes);
  }
  /// Returns the floats of shared memory. It holds the input and the filter of
  /// a step; after the last step, the sums of each thread row and the values of
  /// each channel that a reduction needs.
  int64_t sharedFloats() const {
    return std::max((pixels + channels) * depth,
                    (maxSums * threadRows() + 1) * channels);
  }
};

/// Returns the reduction that follows the convolution; null if there is none.
ChannelReductionOpInterface reductionOf(seg::FusionOp fusion);

/// Emits the body of the convolution's kernel. `layout` is that of the
/// reduction, null if there is none.
void emitConvBlock(GpuKernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
                   const ConvTiling &tiling, int64_t lanes,
                   const MomentLayout *layout);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONVEMITTER_H
