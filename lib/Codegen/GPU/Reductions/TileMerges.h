//===- TileMerges.h - Merges of tiles ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The rows that the blocks of a reduction have stored for their tiles are
// merged by two launches: one merges the tiles of each sample, in parallel and
// in a fixed tree, the formula's own merge then finds one tile for each sample.

#ifndef SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H
#define SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc {

/// The merges of a reduction by channels, whose kernel has stored the rows of
/// `layout`, with `layout.channels` numbers each.
class ChannelMerge {
public:
  ChannelMerge(ChannelReductionOpInterface op, const MomentLayout &layout);

  /// Floats of KernelBody::sums from the layout's base on.
  int64_t floats() const;
  void emit(GpuFusionEmitter &emitter);

private:
  ChannelReductionOpInterface op;
  MomentLayout tiles, samples; ///< The second has one tile for each sample.
};

/// The merges of a reduction over pixels.
class PixelMerge {
public:
  PixelMerge(PixelReductionOpInterface op, const PixelSums &sums);

  int64_t floats() const;
  void emit(GpuFusionEmitter &emitter);

private:
  PixelReductionOpInterface op;
  PixelSums tiles, samples;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_REDUCTIONS_TILEMERGES_H
