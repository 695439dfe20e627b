//===- WgmmaGradBlock.h - Filter gradients by warpgroups --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_WGMMAGRADBLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_WGMMAGRADBLOCK_H

#include "FilterGradGemm.h"
#include "WgmmaStages.h"

namespace segc {

/// The tile of a block of a filter gradient that reads the input once for all
/// taps of a column of the filter (along depth and height). A step is a box of
/// pixels; a stage holds the box of the output's gradient and, for each tap
/// along the width, a *patch* of the input: the box, shifted by this tap, and
/// the halo that the taps of its column reach. Rows of boxes are multiples of
/// eight pixels wide, so that a tap is a shift by whole patterns of the
/// swizzle.
///
/// A warpgroup has a column of taps, for 32 or 64 input channels, which are the
/// rows of its products or their columns.
struct WgmmaGradTiling {
  GemmTile tile;             ///< Rows are `taps` x channels; with a box.
  int64_t taps;              ///< Of a block: those of all or one of the depths.
  int64_t warpgroups;        ///< That multiply: taps along the width.
  int64_t stages;            ///< At least 2.
  MultiplyType multiplyType; ///< Bf16 or F16.

  static constexpr int64_t warpgroup = 128;
  /// Threads that multiply.
  int64_t consumers() const { return warpgroups * warpgroup; }
  int64_t threads() const { return consumers() + 32; }
  int64_t channels() const { return tile.rows / taps; }
  /// Taps of a warpgroup.
  int64_t column() const { return taps / warpgroups; }
  /// Products of 64 rows of a warpgroup: a tap of 64 channels, or two taps of
  /// 32. If one tap remains, the last product has the one before it, too.
  int64_t products() const {
    return divideUp(column() * channels(), wgmmaRows);
  }
  /// Whether the rows of a product are the output's channels instead, and its
  /// columns all of the warpgroup's taps and channels: of an odd number of taps
  /// of 32 channels nothing is multiplied twice then. Taps that follow each
  /// other have to be equally far apart.
  bool isSwapped(const ConvProblem &problem) const {
    constexpr int64_t maxColumns = 256;
    return channels() < wgmmaRows && column() % 2 == 1 &&
           column() == problem.taps[1] && tile.columns == wgmmaRows &&
           column() * channels() <= maxColumns;
  }
  /// Sums of a thread.
  int64_t sums(const ConvProblem &problem) const {
    return isSwapped(problem) ? column() * channels() / 2
                              : products() * tile.columns / 2;
  }
  /// The patch of a tap along the width.
  Dims patch(const ConvProblem &problem) const {
    Dims patch = *tile.box;
    patch[0] += column() / problem.taps[1] - 1;
    patch[1] += problem.taps[1] - 1;
    return patch;
  }
  int64_t patchBytes(const ConvProblem &problem) const {
    return 2 * product(patch(problem)) * channels();
  }
  int64_t gradBytes() const { return 2 * tile.depth * tile.columns; }
  /// Bytes that a step copies.
  int64_t copiedBytes(const ConvProblem &problem) const {
    return warpgroups * patchBytes(problem) + gradBytes();
  }
  /// Of a patch in a stage. Swizzled boxes begin at multiples of 1024.
  int64_t patchPitch(const ConvProblem &problem) const {
    return roundUp(patchBytes(problem), 1024);
  }
  int64_t stageBytes(const ConvProblem &problem) const {
    return warpgroups * patchPitch(problem) + roundUp(gradBytes(), 1024);
  }
};

/// The tensor maps of the input and of the output's gradient.
llvm::SmallVector<exec::TensorMapAttr>
wgmmaGradMaps(seg::FusionOp fusion, const ConvProblem &problem,
              const WgmmaGradTiling &tiling);

/// Emits the sums of a block by wgmma, in f32, for each of its threads, and
/// stores them.
void emitWgmmaGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                        const WgmmaGradTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_WGMMAGRADBLOCK_H
