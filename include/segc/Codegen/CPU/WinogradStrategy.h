//===- WinogradStrategy.h - Tilings of Winograd convolutions ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_WINOGRADSTRATEGY_H
#define SEGC_CODEGEN_CPU_WINOGRADSTRATEGY_H

#include "segc/Codegen/CPU/ConvStrategy.h"

namespace segc {

/// Convolutions and input gradients of stride 1 with 3 taps in two or three
/// dimensions. A task transforms the input of its tiles, multiplies each of
/// their points with the transformed filter and transforms the products.
struct WinogradTiling {
  static constexpr llvm::StringLiteral kind = winogradKind;

  Dims m;         ///< Outputs of a tile: 2 or 4; 1 in a dimension with one tap.
  Dims tile;      ///< Tiles of a task.
  int64_t lanes;  ///< Lanes of all vectors.
  int64_t nb;     ///< Vectors of output channels of a register block.
  int64_t ur;     ///< Tiles of a register block.
  int64_t groups; ///< Tasks that share the channels of a tile's outputs.
  bool in_place;  ///< The input is read without packing it.
  MultiplyType multiplyType = MultiplyType::F32; ///< Type of the transformed
                                                 ///< input and filter.

  /// The input is quantized to 8 bits, in fixed point. Its transforms are
  /// 16-bit integers, all of one scale. The convolution says whether it is.
  bool isInt8 = false;

  bool isFixedPoint() const { return multiplyType == MultiplyType::Fixed; }
  /// Whether the points of each tile have a scale of their own.
  bool scalesTiles() const { return isFixedPoint() && !isInt8; }
  /// The largest magnitude of a transformed input in fixed point.
  int64_t largestInput() const;

  /// Inputs of a tile, which are also its products.
  Dims points() const;
  int64_t pointCount() const { return product(points()); }
  int64_t channelBlock() const { return nb * lanes; }
  int64_t channelBlocks(const ConvProblem &problem) const {
    return divideUp(problem.outChannels, channelBlock());
  }
  /// Numbers of tiles and of tasks of a sample.
  Dims grid(const ConvProblem &problem) const;
  TileGrid outputTiles(const ConvProblem &problem) const {
    return {problem.out, {tile[0] * m[0], tile[1] * m[1], tile[2] * m[2]}};
  }
  Dims taskCounts(const ConvProblem &problem) const;
  /// Tiles of a task, rounded up to whole register blocks.
  int64_t rows() const { return roundUp(product(tile), ur); }
  /// Positions of the input that a task reads.
  Dims window() const;

  /// Words of the input channels at a point of a tile, and of the point's
  /// panel.
  int64_t tilePitch(const ConvProblem &problem) const {
    return wordsOf(multiplyType, roundUp(problem.inChannels, lanes));
  }
  int64_t steps(const ConvProblem &problem) const {
    return wordsOf(multiplyType, problem.inChannels);
  }

  // The pitch of points is a little more than their size, because powers of two
  // would map to the same cache sets. Sizes are in words.

  /// Pitch of the points' panels in the transformed filter. In fixed point the
  /// scales of a panel follow it.
  int64_t panelPitch(const ConvProblem &problem) const;
  int64_t filterSize(const ConvProblem &problem) const {
    return channelBlocks(problem) * pointCount() * panelPitch(problem);
  }
  // A worker's scratch: the input of the tiles, their points, the products, a
  // transform's planes; in fixed point a tile's points before they are rounded,
  // and all tiles' scales.
  int64_t inputSize(const ConvProblem &problem) const;
  int64_t pointPitch(const ConvProblem &problem) const;
  int64_t productPitch() const;
  int64_t planesSize() const;
  /// Pitch of the scales of a tile, in whole vectors.
  int64_t scalesPitch() const {
    return scalesTiles() ? roundUp(pointCount(), lanes) : 0;
  }
  int64_t unroundedSize(const ConvProblem &problem) const {
    return scalesPitch() * roundUp(problem.inChannels, lanes);
  }
  int64_t scratchSize(const ConvProblem &problem) const;
};

/// Filter gradients: the adjoint of the same algorithm, G^T [(B^T d) (A dy)] G
/// summed over the tiles. The points of one dimension, the first with taps, are
/// shared out to tasks, so that the sums of a task stay in its cache and no two
/// tasks add to the same sums.
struct WinogradFilterGradTiling {
  static constexpr llvm::StringLiteral kind = winogradKind;

  Dims m;              ///< As in WinogradTiling.
  Dims tile;           ///< Tiles that are transformed together.
  int64_t lanes;       ///< Of all vectors.
  int64_t nb;          ///< Vectors of output channels of a register block.
  int64_t ur;          ///< Input channels of a register block.
  int64_t splits;      ///< Number of parts of the tiles; a second launch adds
                       ///< their partial sums.
  int64_t groups;      ///< Tasks that share the output channels.
  int64_t task_points; ///< Points of the outer dimension that a task computes.
  MultiplyType multiplyType = MultiplyType::F32; ///< Type of both transformed
                                                 ///< factors.

  Dims points() const;
  /// The dimension whose points are distributed to tasks.
  unsigned outer() const { return m[0] == 1 ? 1 : 0; }
  int64_t pointGroups() const {
    return divideUp(points()[outer()], task_points);
  }
  /// Points of the other dimensions.
  int64_t innerCount() const { return product(points()) / points()[outer()]; }
  int64_t channelBlock() const { return nb * lanes; }
  int64_t channelBlocks(const ConvProblem &problem) const {
    return divideUp(problem.outChannels, channelBlock());
  }
  /// Channel blocks of a task.
  int64_t groupBlocks(const ConvProblem &problem) const {
    return divideUp(channelBlocks(problem), groups);
  }
  /// Boxes of tiles of a sample.
  Dims boxCounts(const ConvProblem &problem) const;
  /// Columns of the sums.
  int64_t columns(const ConvProblem &problem) const {
    return channelBlocks(problem) * channelBlock();
  }
  /// Pitch of the points' sums, and size of all sums, in floats.
  int64_t sumPitch(const ConvProblem &problem) const;
  int64_t sumSize(const ConvProblem &problem) const {
    return product(points()) * sumPitch(problem);
  }

  /// Words of the values of one channel at one point in the tiles of a box.
  int64_t steps() const { return wordsOf(multiplyType, product(tile)); }

  // A worker's scratch, in words. It begins with the result of the outer
  // dimension's transform of a box: a plane for each of its tiles.
  int64_t planesSize(const Dims &window, int64_t channels) const;
  int64_t inputSize(const ConvProblem &problem) const;
  int64_t gradSize(const ConvProblem &problem) const;
  int64_t inputPitch(const ConvProblem &problem) const;
  int64_t gradPitch(const ConvProblem &problem) const;
  int64_t scratchSize(const ConvProblem &problem) const;
};

/// The relative root mean square error of a convolution's result if its
/// transformed factors are rounded to 16 bits; `m` is {1, 1, 1} for a direct
/// convolution. The figures were measured with normally distributed values.
/// Each dimension's transform adds its part. For f16 the chains of sums cause
/// most of the error (the factors alone cause 3e-4). In fixed point the largest
/// value at a point of a tile determines the rounding of the others.
/// With an input of 8 bits, whose own error is not counted, it is the filter
/// that is rounded, and transforms of the input where they are divided
/// (wholeDivisor).
double productError(MultiplyType multiplyType, const Dims &m,
                    bool int8Input = false);

/// The reason why Winograd tiles cannot compute the problem; empty if they can.
std::string winogradRefusal(const ConvProblem &problem, WinogradTiles tiles);
std::string winogradFilterGradRefusal(const ConvProblem &problem,
                                      WinogradTiles tiles);
/// The reason why they cannot take an input of 8 bits and a filter of more;
/// empty if they can.
std::string int8TilesRefusal(const ConvProblem &problem, WinogradTiles tiles,
                             MultiplyType multiplyType);
/// Tile sizes that the context allows in the dimensions with taps.
llvm::SmallVector<Dims> winogradTileSizes(const ConvProblem &problem,
                                          const CpuStrategyContext &context);
/// The best tiling with tiles of these sizes and its cycles; the cycles are
/// infinite if there is none. winogradRefusal must be empty.
std::pair<WinogradTiling, double>
selectWinogradTiling(const ConvProblem &problem,
                     const CpuStrategyContext &context,
                     llvm::ArrayRef<Dims> sizes);

std::pair<WinogradFilterGradTiling, double>
selectWinogradFilterGradTiling(const ConvProblem &problem,
                               const CpuStrategyContext &context,
                               llvm::ArrayRef<Dims> sizes);

/// Fails with an error on `op` for a strategy that cannot be emitted.
llvm::FailureOr<WinogradTiling> readWinogradTiling(FusionEmitter &emitter,
                                                   const ConvProblem &problem,
                                                   mlir::Operation *op);

llvm::FailureOr<WinogradFilterGradTiling>
readWinogradFilterGradTiling(FusionEmitter &emitter, const ConvProblem &problem,
                             mlir::Operation *op);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_WINOGRADSTRATEGY_H
