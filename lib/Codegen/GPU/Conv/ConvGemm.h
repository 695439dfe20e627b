//===- ConvGemm.h - Convolutions as matrix products -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every op of the family is a product of matrices that are never laid out in
// memory (an implicit GEMM): sums[row][column] += A[row][depth] *
// B[depth][column].
//
//                  | rows                  | columns         | depth
//  ----------------+-----------------------+-----------------+---------------
//  convolution     | output pixels         | output channels | taps x input
//                  |                       |                 | channels
//  filter gradient | taps x input channels | output channels | pixels of all
//                  |                       |                 | samples
//
// Gradients of inputs and transposed convolutions are convolutions of each
// phase (ConvProblem.h). A ConvGemm says where elements of A and B lie and what
// becomes of the sums; blocks (CudaCoreBlock.h) multiply any of them.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CONVGEMM_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CONVGEMM_H

#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include <functional>

namespace segc {

/// The tile of a block, `rows` x `columns`, summed `depth` at a time. All are
/// powers of two, but for the rows and pixels of filter gradients by patches
/// and pixels of a box.
struct GemmTile {
  int64_t rows, columns, depth;
  /// The pixels of the tile are a box of so many positions: its rows, or the
  /// first of them, or the depth of a filter gradient. Without it they follow
  /// each other.
  std::optional<Dims> box = std::nullopt;
  /// Taps along the height that a step multiplies. Their pixels are one box
  /// with a halo.
  int64_t taps = 1;
  /// Blocks that share the depth: each sums some of the steps, then finishes
  /// some of the columns.
  int64_t cluster = 1;
  /// Phases of a pixel shuffle (isPixelShuffle) that the columns are of, as
  /// many channels of each.
  int64_t phases = 1;
  /// Samples that have such a box in the tile. Several are whole ones, of fewer
  /// pixels than it has rows.
  int64_t samples = 1;

  /// Columns of a phase.
  int64_t phaseColumns() const { return columns / phases; }
  /// The positions of the input that the taps of a step read.
  Dims patch() const { return {(*box)[0], (*box)[1] + taps - 1, (*box)[2]}; }
};

enum class GemmOperand { A, B };

/// How elements of an operand that follow each other in memory are numbered:
/// by depth, else by row (A) or column (B).
struct GemmAccess {
  bool alongDepth;
  int64_t lanes; ///< A power of two: runs that begin at a multiple of it are
                 ///< in one piece, and aligned.
};

/// A run of elements of an operand that follow each other.
struct GemmRun {
  mlir::Value inside; ///< If false, the elements are zero.
  /// Where they lie; null if a prologue computes them.
  mlir::Value memref, element;
  /// Emits their values in f32 where they are inside, whole numbers where they
  /// are multiplied as such; null if they are packed.
  std::function<mlir::Value(int64_t lanes)> load = {};
  /// Whether an element of the memref, an f32, holds two of 16 bits, or four of
  /// 8, which are what `element` numbers.
  bool isPacked = false;
};

/// Where a box of an operand's tensor map begins, the coordinate of the
/// elements that follow each other in memory first.
using GemmBox = llvm::SmallVector<mlir::Value, 5>;

/// How the threads of a block share the elements of an operand of a step: in
/// runs, thread after thread.
class GemmRuns {
public:
  GemmRuns(const GemmTile &tile, GemmOperand operand, GemmAccess access,
           int64_t maxLanes, int64_t threads)
      : access(access),
        extent(operand == GemmOperand::A ? tile.rows : tile.columns),
        depth(tile.depth), threads(threads),
        lanes(std::min({maxLanes, access.lanes, rowElements()})),
        total(extent * depth / lanes), count(divideUp(total, threads)) {}

  const GemmAccess access;
  const int64_t extent, depth, threads;
  const int64_t lanes; ///< Elements of a run.
  const int64_t total; ///< Runs of all threads.
  const int64_t count; ///< Runs of a thread.

  /// Elements that follow each other before the next row, column or depth.
  int64_t rowElements() const { return access.alongDepth ? depth : extent; }
  /// Whether the i-th run of some threads does not exist.
  bool isPartial(int64_t i) const { return (i + 1) * threads > total; }
  /// The i-th run of the thread.
  mlir::Value number(GpuKernelBody &k, int64_t i) const {
    return k.add(k.thread(), i * threads);
  }
  mlir::Value exists(GpuKernelBody &k, int64_t i) const {
    return k.less(number(k, i), k.index(total));
  }
  /// Emits what threads do that have the i-th run.
  void ifExists(GpuKernelBody &k, int64_t i,
                llvm::function_ref<void()> body) const {
    if (isPartial(i))
      k.ifThen(exists(k, i), body);
    else
      body();
  }
  /// Whether the thread has the i-th run, and it is inside.
  mlir::Value inside(GpuKernelBody &k, int64_t i, mlir::Value inside) const {
    return isPartial(i) ? k.both(inside, exists(k, i)) : inside;
  }
  /// Where it begins: the row (of `rowElements`) and the place in it.
  std::pair<mlir::Value, mlir::Value> place(GpuKernelBody &k, int64_t i) const {
    int64_t runs = rowElements() / lanes;
    return {k.div(number(k, i), runs), k.mul(k.rem(number(k, i), runs), lanes)};
  }
  /// The same as a row or column of the tile, and a depth of the step.
  std::pair<mlir::Value, mlir::Value> element(GpuKernelBody &k,
                                              int64_t i) const {
    auto [row, at] = place(k, i);
    return access.alongDepth ? std::pair(row, at) : std::pair(at, row);
  }
};

/// The sums of a tile in shared memory: of a block, or of each block of a
/// cluster, whose loads add those of all.
class GemmSums {
public:
  GemmSums(GpuKernelBody &k, int64_t pitch, int64_t cluster = 1)
      : k(k), pitch(pitch), cluster(cluster) {}
  /// The floats of shared memory of a tile.
  static int64_t floats(const GemmTile &tile) {
    return tile.rows * pitchOf(tile);
  }
  /// From one row to the next. More than the columns, so that the rows of
  /// threads that store together begin in other banks.
  static int64_t pitchOf(const GemmTile &tile) { return tile.columns + 4; }

  mlir::Value load(mlir::Value row, mlir::Value column, int64_t lanes) const;
  void store(mlir::Value value, mlir::Value row, mlir::Value column) const {
    k.store(value, k.scratch(), index(row, column));
  }

private:
  mlir::Value index(mlir::Value row, mlir::Value column) const {
    return k.add(k.mul(row, pitch), column);
  }
  GpuKernelBody &k;
  int64_t pitch, cluster;
};

/// The product that a block computes, seen by each of its threads.
class ConvGemm {
public:
  ConvGemm(GpuKernelBody &k, const ConvProblem &problem, const GemmTile &tile)
      : k(k), problem(problem), tile(tile) {}
  virtual ~ConvGemm() = default;

  /// Number of steps of `tile.depth`, an index.
  mlir::Value stepCount() const { return steps; }
  virtual GemmAccess access(GemmOperand operand) const = 0;
  /// The elements from row or column `index` of the block's tile on and from
  /// `depth` of the step on.
  virtual GemmRun run(GemmOperand operand, mlir::Value index, mlir::Value step,
                      mlir::Value depth) = 0;
  /// The elements of each row of an operand's boxes, of a tile with a box.
  virtual int64_t boxWidth(GemmOperand operand) const = 0;
  /// The boxes of a step, in the order of rows or columns.
  virtual llvm::SmallVector<GemmBox> boxes(GemmOperand operand,
                                           mlir::Value step) = 0;
  /// Emits the loads of what `finish` needs of each channel. Blocks whose
  /// registers allow it do so before the products.
  virtual void loadChannels() {}
  /// Emits the loads that `finish` would wait for first, ahead of the barrier
  /// that it follows.
  virtual void beginFinish() {}
  /// Emits what becomes of the sums. All threads have passed a barrier since
  /// they were stored, of the cluster if there is one, at which all threads
  /// meet a second time when its blocks have loaded their sums.
  virtual void finish(const GemmSums &sums) = 0;

protected:
  GpuKernelBody &k;
  ConvProblem problem;
  GemmTile tile;
  mlir::Value steps;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CONVGEMM_H
