//===- WgmmaBlock.h - Products by warpgroups --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_WGMMABLOCK_H
#define SEGC_LIB_CODEGEN_GPU_CONV_WGMMABLOCK_H

#include "WgmmaStages.h"

namespace segc {

/// The tile of a block of two warpgroups that multiply, 64 or 128 rows each or,
/// of 64 rows, half of the columns each, and a warp that copies. Boxes of a
/// tile with several `taps` are multiples of eight pixels wide, so that a tap
/// is a shift by whole patterns of the swizzle.
struct WgmmaTiling {
  GemmTile tile;             ///< With a box.
  int64_t stages;            ///< Steps in shared memory, at least 2.
  MultiplyType multiplyType; ///< Bf16 or F16.
  bool copiesFilter = false; ///< B is a copy of an f32 filter (FilterCopy.h).
  bool ofFilterGrad = false; ///< The box is the depth.

  static constexpr int64_t warpgroup = 128, warpgroups = 2, rows = wgmmaRows;
  /// Threads that multiply.
  static constexpr int64_t consumers = warpgroups * warpgroup;

  int64_t threads() const { return consumers + 32; }
  static int64_t columnsOfWarpgroup(const GemmTile &tile) {
    return tile.rows == rows ? tile.columns / warpgroups : tile.columns;
  }
  /// Columns of B in a box whose rows lie across the depth: 128 bytes, or less
  /// if a warpgroup has less.
  static int64_t boxColumns(const GemmTile &tile) {
    constexpr int64_t widest = 64;
    return std::min(widest, columnsOfWarpgroup(tile));
  }
  /// Products of 64 rows of a warpgroup.
  static int64_t products(const GemmTile &tile) {
    return std::max<int64_t>(1, tile.rows / (warpgroups * rows));
  }
  /// Rows of A that a step copies.
  int64_t copiedRows() const {
    return ofFilterGrad ? tile.rows : tile.samples * product(tile.patch());
  }
  /// Rows of A that products read; those behind the copied ones are zero.
  int64_t readRows() const {
    return tile.taps > 1 && tile.samples * (*tile.box)[0] > 1
               ? copiedRows()
               : tile.rows + (tile.taps - 1) * (*tile.box)[2];
  }
  /// Bytes of A and B of a step.
  int64_t copiedBytes(GemmOperand operand) const {
    return 2 * tile.depth *
           (operand == GemmOperand::A ? copiedRows()
                                      : tile.taps * tile.columns);
  }
  int64_t copiedBytes() const {
    return copiedBytes(GemmOperand::A) + copiedBytes(GemmOperand::B);
  }
  /// Of shared memory. Swizzled boxes begin at multiples of 1024.
  int64_t bytes(GemmOperand operand) const {
    return roundUp(operand == GemmOperand::A ? 2 * tile.depth * readRows()
                                             : copiedBytes(operand),
                   1024);
  }
  int64_t stageBytes() const {
    return bytes(GemmOperand::A) + bytes(GemmOperand::B);
  }
  /// Floats of the steps, whose place the sums take.
  int64_t stageFloats() const {
    return std::max(stages * stageBytes() / 4, GemmSums::floats(tile));
  }
  /// Floats of two barriers of each stage.
  int64_t barrierFloats() const { return WgmmaStages::barrierFloats(stages); }
};

/// Emits the product of a block by wgmma with sums in f32, for each of its
/// threads, and what becomes of it. One thread copies boxes to shared memory by
/// TMA, `stages` - 1 steps ahead; the barriers of a stage say when it is full
/// and when it is empty. They lie at the end of shared memory.
void emitWgmmaBlock(GpuKernelBody &k, ConvGemm &gemm,
                    const WgmmaTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_WGMMABLOCK_H
