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

/// The access of a vector of output channels to the input channels of its
/// groups.
enum class GroupedAccess {
  Broadcast, ///< All lanes belong to one group: a broadcast scalar.
  Same,      ///< Groups have one channel (depthwise): the same channels.
  Permuted,  ///< A vector holds whole groups of inputs and of outputs: a
             ///< permutation.
  Gathered   ///< All other cases: a gather.
};
GroupedAccess groupedAccess(const ConvProblem &problem, int64_t lanes);

/// Positions that the outputs of a grouped convolution read along a dimension.
struct GroupedWindow {
  GroupedWindow(const ConvProblem &problem, unsigned d);

  int64_t first;  ///< First position that output 0 of any phase reads.
  int64_t spread; ///< Distance from the first to the last position that an
                  ///< output reads.
  int64_t step;   ///< Step of the position between two outputs of a phase.

  int64_t size(int64_t outputs) const {
    return (outputs - 1) * step + spread + 1;
  }
};

/// Convolutions, transposed convolutions and input gradients with groups or
/// dilations. Vectors run along output channels, register blocks along a row of
/// one phase's outputs. Taps that do not belong to a phase are skipped.
struct GroupedTiling {
  static constexpr llvm::StringLiteral kind = groupedKind;

  int64_t lanes;  ///< Lanes of the vectors along output channels.
  int64_t nb;     ///< Vectors of a register block; 1 unless there is one group.
  int64_t pixels; ///< Pixels of a register block, in a row.
  Dims tile;      ///< Outputs of a task in every phase. `pixels` divides its
                  ///< width, or it spans the whole row.
  bool in_place;  ///< The input is read without packing it.

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

/// The reason why this kind is not used: convolutions without groups and
/// dilations have better kinds. Empty if it is used.
std::string groupedRefusal(const ConvProblem &problem);

/// The best tiling and its cycles; there must be no refusal.
std::pair<GroupedTiling, double>
selectGroupedTiling(const ConvProblem &problem,
                    const CpuStrategyContext &context);
std::pair<GroupedFilterGradTiling, double>
selectGroupedFilterGradTiling(const ConvProblem &problem,
                              const CpuStrategyContext &context);

/// Whether a grouped convolution reads no padding.
bool groupedReadsInside(const ConvProblem &problem);
/// Whether a register block may have `nb` vectors.
bool groupedTakesVectors(const ConvProblem &problem, int64_t lanes, int64_t nb);
/// Whether a task of a filter gradient may sum `ur` input channels.
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
