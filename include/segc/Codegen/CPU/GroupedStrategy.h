//===- GroupedStrategy.h - Grouped and dilated convolutions -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_GROUPEDSTRATEGY_H
#define SEGC_CODEGEN_CPU_GROUPEDSTRATEGY_H

#include "segc/Codegen/CPU/ConvStrategy.h"

namespace segc {

/// How a vector of output channels meets the inputs of its groups.
enum class GroupedAccess {
  Broadcast, ///< All lanes are of one group: a scalar.
  Same,      ///< Groups of one channel: the same channels.
  Permuted,  ///< A vector holds whole groups of inputs and of outputs.
  Gathered   ///< Anything else.
};
GroupedAccess groupedAccess(const ConvProblem &problem, int64_t lanes);

/// Positions that the outputs of a grouped convolution read along a dimension.
struct GroupedWindow {
  GroupedWindow(const ConvProblem &problem, unsigned d);

  int64_t first;  ///< Of what output 0 (of any phase) reads.
  int64_t spread; ///< From there to the last of what it reads.
  int64_t step;   ///< From one output of a phase to the next.

  int64_t size(int64_t outputs) const {
    return (outputs - 1) * step + spread + 1;
  }
};

/// Convolutions, transposed convolutions and input gradients with groups or
/// dilations. Vectors run along output channels, register blocks along a row of
/// one phase's outputs; taps that a phase does not see are left out.
struct GroupedTiling {
  static constexpr llvm::StringLiteral kind = groupedKind;

  int64_t lanes;  ///< Of the vectors along output channels.
  int64_t nb;     ///< Vectors of a register block; 1 unless all are one group.
  int64_t pixels; ///< Of a register block, in a row.
  Dims tile;      ///< Outputs of a task, of every phase; of a width that pixels
                  ///< divide, or all.
  bool in_place;  ///< The input is read where it lies.

  int64_t paddedChannels(const ConvProblem &problem) const {
    return roundUp(problem.outChannels, nb * lanes);
  }
  Dims tileCounts(const ConvProblem &problem) const {
    return divideUp(problem.space(), tile);
  }
  TileGrid outputTiles(const ConvProblem &problem) const {
    Dims phases = problem.phases();
    return {problem.out,
            {tile[0] * phases[0], tile[1] * phases[1], tile[2] * phases[2]}};
  }
  /// Floats of the filter, [tap][input channel of a group][output channel].
  int64_t filterSize(const ConvProblem &problem) const {
    return product(problem.taps) * problem.groupInputs() *
           paddedChannels(problem);
  }
  /// Floats of a packed input tile.
  int64_t tileSize(const ConvProblem &problem) const;
};

/// Filter gradients of convolutions with groups or dilations. A task sums `ur`
/// input channels of a group for one tap and one vector of output channels.
struct GroupedFilterGradTiling {
  static constexpr llvm::StringLiteral kind = groupedKind;

  int64_t lanes; ///< Of the vectors along output channels.
  int64_t ur;    ///< Input channels of a task.
};

/// Why this kind is not asked: the others are for convolutions without.
std::string groupedRefusal(const ConvProblem &problem);

/// The best tiling and its cycles; there must be no refusal.
std::pair<GroupedTiling, double>
selectGroupedTiling(const ConvProblem &problem,
                  const CpuStrategyContext &context);
std::pair<GroupedFilterGradTiling, double>
selectGroupedFilterGradTiling(const ConvProblem &problem,
                            const CpuStrategyContext &context);

/// Whether nothing that a grouped convolution reads lies outside its input.
bool groupedReadsInside(const ConvProblem &problem);
/// Vectors of a register block may be so many.
bool groupedTakesVectors(const ConvProblem &problem, int64_t lanes, int64_t nb);
/// Input channels that a task of a filter gradient may sum.
bool groupedTakesRows(const ConvProblem &problem, int64_t lanes, int64_t ur);

/// Fail with an error on `op` for a strategy that cannot be emitted.
llvm::FailureOr<GroupedTiling> readGroupedTiling(FusionEmitter &emitter,
                                             const ConvProblem &problem,
                                             mlir::Operation *op);
llvm::FailureOr<GroupedFilterGradTiling>
readGroupedFilterGradTiling(FusionEmitter &emitter, const ConvProblem &problem,
                          mlir::Operation *op);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_GROUPEDSTRATEGY_H
