//===- FilterGradEmitter.h - Direct filter gradients ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADEMITTER_H
#define SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADEMITTER_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include <functional>

namespace segc {

/// Emits direct filter gradients. The gradient is a matrix of rows (tap, input
/// channel) and columns (output channel), summed over pixels. In a packed input
/// row, the values for all taps w of a pixel are contiguous. A task sums some
/// taps and columns over its part of the tiles of all samples. The number of
/// parts is fixed in the strategy, so that the sums do not depend on the number
/// of threads.
class FilterGradEmitter {
public:
  FilterGradEmitter(const ConvProblem &problem, const FilterGradTiling &tiling,
                    mlir::Operation *root, const CpuTarget &target)
      : problem(problem), tiling(tiling), root(root),
        multiplier(tiling.multiplyType, target), wideLanes(target.lanes),
        taskTaps(tiling.taskTaps(problem)), rows(tiling.rows(problem)),
        direct(tiling.isDirect(problem)) {}

  void sum(KernelBody &body);

  int64_t sumTasks() const {
    return tiling.splits * tiling.tap_groups * tiling.groups;
  }
  int64_t scratchBytes() const {
    int64_t columns = divideUp(tiling.channelBlocks(problem), tiling.groups) *
                      tiling.channelBlock();
    return roundUp((gradientBase() +
                    (tiling.pack_grad ? tiling.gradWords() * columns : 0)) *
                       4,
                   64);
  }

private:
  /// The operand that is read as input (0) or as gradient (1).
  mlir::Value factor(unsigned i) const {
    return root->getOperand(tiling.swapped ? 1 - i : i);
  }

  /// The sums of a task: element (row, column) is memref[base + row*pitch +
  /// column].
  struct Sums {
    mlir::Value memref, base;
    int64_t pitch;
  };
  /// A tile of one sample, with its input packed.
  struct Tile {
    mlir::Value sample;
    std::array<mlir::Value, 3> origin, extents;
    std::array<mlir::Value, 3> inputOrigin;
    TileView view;
  };
  /// The columns of one channel block: gradient vector v of the pixel (row, w)
  /// is memref[row + w*pitch + v*lanes]. With pairs of rows, the argument `h`
  /// of `row` is the number of the pair.
  struct Columns {
    mlir::Value channel;
    mlir::Value memref;
    int64_t pitch;
    llvm::SmallVector<mlir::Value> loadMasks,
        storeMasks; ///< Null means all lanes.
    std::function<mlir::Value(mlir::Value d, mlir::Value h)> row;
  };
  /// The rows of a register block. The input values of a pixel are at `input`
  /// plus the offsets; the sum of tap w and offset i is row first + w*channels
  /// + i.
  struct Rows {
    mlir::Value first, input;
    llvm::SmallVector<int64_t> offsets;
    mlir::Value tapD, tapH;  ///< Tap within the taps of the task.
    mlir::Value firstOffset; ///< First row of the block within its tap.
  };
  /// Memory of the next tile that is prefetched while a row of this one is
  /// multiplied: for pixel w the element row + w*pitch.
  struct Prefetch {
    mlir::Value memref, row;
    int64_t pitch;
  };

  Tile packTileOf(KernelBody &body, mlir::Value index, mlir::Value tapD,
                  mlir::Value tapH);
  mlir::Value gradientRow(KernelBody &body, const Tile &tile, mlir::Value d,
                          mlir::Value h);
  /// Returns the first pixel of a row, or pair of rows, of the packed gradient.
  mlir::Value packedRow(KernelBody &body, mlir::Value d, mlir::Value h) {
    mlir::Value row =
        body.add(body.mul(d, wordsOf(tiling.multiplyType, tiling.tile[1])), h);
    return body.mul(row, tiling.tile[2]);
  }
  llvm::SmallVector<mlir::Value> gradientVectors(KernelBody &body,
                                                 const Columns &columns,
                                                 mlir::Value row,
                                                 mlir::Value w);
  void packGradient(KernelBody &body, const Tile &tile, mlir::Value firstBlock,
                    mlir::Value endBlock);
  Columns columnsOf(KernelBody &body, const Tile &tile, mlir::Value block,
                    mlir::Value firstBlock);
  void forRowBlocks(KernelBody &body, const Tile &tile, const Sums &sums,
                    const Columns &columns, const Rows &tap);
  void sweep(KernelBody &body, const Tile &tile, const Sums &sums,
             const Columns &columns, const Rows &block);
  llvm::SmallVector<mlir::Value>
  sweepRow(KernelBody &body, const Columns &columns, const Rows &block,
           const TileView &view, mlir::Value input, mlir::Value gradient,
           mlir::Value extent, llvm::ArrayRef<Prefetch> ahead,
           mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value>
  sweepRowSharingTaps(KernelBody &body, const Columns &columns,
                      const Rows &block, const TileView &view,
                      mlir::Value input, mlir::Value gradient,
                      mlir::Value extent, llvm::ArrayRef<Prefetch> ahead,
                      mlir::ValueRange carried);
  llvm::SmallVector<Prefetch> prefetches(KernelBody &body, const Tile &tile,
                                         const Columns &columns,
                                         const Rows &block, mlir::Value d,
                                         mlir::Value h);
  void prefetch(KernelBody &body, llvm::ArrayRef<Prefetch> ahead,
                mlir::Value w);

  mlir::Value maskFor(KernelBody &body, mlir::Value channel) const {
    return channelMask(body, problem.outChannels, tiling.channelBlock(),
                       channel, tiling.lanes);
  }
  /// Returns the positions from one output to the next in the packed tile.
  int64_t packedStride(unsigned d) const {
    return d < 2 && taskTaps[d] == 1 ? 1 : problem.strides[d];
  }
  int64_t gradientBase() const {
    return roundUp(tiling.tileSize(problem), wideLanes);
  }
  int64_t allRows() const { return problem.taps[0] * problem.taps[1] * rows; }

  ConvProblem problem;
  FilterGradTiling tiling;
  mlir::Operation *root;
  MultiplyEmitter multiplier;
  int64_t wideLanes;
  Dims taskTaps;
  int64_t rows;
  bool direct;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_FILTERGRAD_FILTERGRADEMITTER_H
