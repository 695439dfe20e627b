//===- FewChannelsStrategy.h - Convolutions to few channels -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_FEWCHANNELSSTRATEGY_H
#define SEGC_CODEGEN_CPU_FEWCHANNELSSTRATEGY_H

#include "segc/Codegen/CPU/ConvStrategy.h"

namespace segc {

/// Convolutions of stride 1 to at most 4 channels, such as the last layer:
/// vectors along the input channels, summed over their lanes at the end. Such
/// vectors along output channels would be mostly empty.
struct FewChannelsTiling {
  static constexpr llvm::StringLiteral kind = fewChannelsKind;

  static constexpr int64_t maxChannels = 4;

  int64_t lanes;  ///< Lanes of the vectors along input channels.
  int64_t pixels; ///< Pixels of a register block, in a row; a multiple of lanes
                  ///< / 4.
  Dims tile;      ///< Outputs of a task. `pixels` divides its width, or it
                  ///< spans the whole row.
  bool in_place;  ///< The input is read without packing it.

  /// Input channels, rounded up to whole vectors.
  int64_t paddedChannels(const ConvProblem &problem) const {
    return roundUp(problem.inChannels, lanes);
  }
  Dims tileCounts(const ConvProblem &problem) const;
  TileGrid outputTiles(const ConvProblem &problem) const {
    return {problem.out, tile};
  }
  int64_t filterSize(const ConvProblem &problem) const {
    return product(problem.taps) * problem.outChannels *
           paddedChannels(problem);
  }
  /// Floats of a packed input tile.
  int64_t tileSize(const ConvProblem &problem) const;
};

/// The reason why this kind cannot compute the problem; empty if it can.
std::string fewChannelsRefusal(const ConvProblem &problem);
/// The best tiling and its cycles; there must be no refusal.
std::pair<FewChannelsTiling, double>
selectFewChannelsTiling(const ConvProblem &problem,
                        const CpuStrategyContext &context);

/// Fails with an error on `op` for a strategy that cannot be emitted.
llvm::FailureOr<FewChannelsTiling>
readFewChannelsTiling(FusionEmitter &emitter, const ConvProblem &problem,
                      mlir::Operation *op);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_FEWCHANNELSSTRATEGY_H
