//===- FilterGradPatchBlock.h - Filter gradients of patches -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADPATCHBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADPATCHBLOCK_H

#include "FilterGradGemm.h"
#include "MmaBlock.h"

namespace segc {

/// The tile of a block that reads each position of its input once for several
/// taps. A step is a box of pixels: the box of the output's gradient and a
/// patch of the input, which is the box and the halo that the taps reach, lie
/// in shared memory, in rows by position. With strides, positions along the
/// width that the pixels of a tap read lie beside each other.
///
/// The rows of the tile are `taps` by input channels, in *lines*: the taps of a
/// line lie along the height. A warp has some channels of all taps of a line.
/// While it walks down a strip of the box, it keeps the rows of the input that
/// it has loaded for one tap, and multiplies them for the next.
struct FilterGradPatchTiling : MmaTiling {
  int64_t
      taps; ///< Of a block: in each dimension all or a part of the filter's.

  int64_t channels() const { return tile.rows / taps; }
  /// The taps as a box.
  Dims tapBox(const ConvProblem &problem) const;
  /// Lines of taps of a block.
  int64_t lines(const ConvProblem &problem) const {
    return taps / problem.taps[1];
  }
  /// The sums of one tap of each line.
  MmaTiling tapTiling(const ConvProblem &problem) const;
  /// The positions of the input that the taps read for a box, and those that
  /// shared memory has for them, with equally many of each residue of the
  /// width modulo the stride.
  Dims patch(const ConvProblem &problem) const;
  Dims patchPlaces(const ConvProblem &problem) const;
  int64_t patchElements(const ConvProblem &problem) const {
    return product(patchPlaces(problem)) * channels();
  }
  int64_t gradElements() const { return tile.depth * tile.columns; }
  /// Elements of a step.
  int64_t stepElements(const ConvProblem &problem) const {
    return patchElements(problem) + gradElements();
  }
};

/// Emits the sums of a block, for each of its threads, and stores them.
void emitFilterGradPatchBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                              const FilterGradPatchTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADPATCHBLOCK_H
