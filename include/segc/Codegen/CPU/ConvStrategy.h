//===- ConvStrategy.h - How a convolution is cut into pieces ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The decisions of the direct convolution kernels. They live in the fusion's
// strategy dictionary under the names of the fields; these structs are how the
// emitters read them.

#ifndef SEGC_CODEGEN_CPU_CONVSTRATEGY_H
#define SEGC_CODEGEN_CPU_CONVSTRATEGY_H

#include "segc/Codegen/Common/Moments.h"
#include "segc/Codegen/CPU/CpuStrategyContext.h"
#include "segc/Codegen/Common/FixedPoint.h"

namespace segc {

/// Kinds of strategies.
inline constexpr llvm::StringLiteral directKind = "direct",
                                     winogradKind = "winograd",
                                     fewChannelsKind = "few_channels",
                                     groupedKind = "grouped";

/// Words of 32 bits that hold `values` neighbours in the summed dimension.
inline int64_t wordsOf(MultiplyType multiplyType, int64_t values) {
  return multiplyType == MultiplyType::F32 ? values : divideUp(values, 2);
}

/// Registers of a register block's sums. Beside those of f32, products of f16
/// take as many for the sums of a chain.
inline int64_t sumRegisters(MultiplyType multiplyType, int64_t sums) {
  return multiplyType == MultiplyType::F16 ? 2 * sums : sums;
}

/// Registers of the value that all lanes share. MultiplyType of bf16 and of
/// integers overwrite their sum and take no broadcast from memory: without two
/// registers to spare, LLVM may move the sums around in every step.
inline int64_t sharedRegisters(MultiplyType multiplyType) {
  return multiplyType == MultiplyType::Bf16 || multiplyType == MultiplyType::Fixed ? 3 : 1;
}

/// Convolutions, transposed convolutions and input gradients. A task packs the
/// input of one tile of outputs, then multiplies it with the packed filter in
/// register blocks of `block` pixels x `nb` vectors of channels.
struct ConvTiling {
  static constexpr llvm::StringLiteral kind = directKind;

  int64_t lanes; ///< Of the vectors along output channels.
  int64_t nb;    ///< Vectors of a register block.
  /// Pixels of a register block: where it is more than 1 in a dimension, the
  /// dimensions inside are covered whole.
  Dims block;
  Dims tile;       ///< Outputs of a task.
  int64_t groups;  ///< Tasks that share the channels of a tile's outputs.
  bool share_taps; ///< An input value is used for all taps of its row at once.
  bool in_place;   ///< The input is read where it lies.
  int64_t unroll;  ///< Steps of the inner loop.
  MultiplyType multiplyType = MultiplyType::F32; ///< Of pairs of input channels.

  /// Words of a pixel's input channels.
  int64_t words(const ConvProblem &problem) const {
    return wordsOf(multiplyType, problem.inChannels);
  }
  /// Words that a sum gets in a step of the inner loop.
  int64_t additions(const ConvProblem &problem) const {
    return unroll * (share_taps ? problem.phaseTaps()[2] : 1);
  }
  int64_t channelBlock() const { return nb * lanes; }
  int64_t channelBlocks(const ConvProblem &problem) const {
    return divideUp(problem.outChannels, channelBlock());
  }
  Dims tileCounts(const ConvProblem &problem) const;
  /// The outputs of the tasks, those of all groups together.
  TileGrid outputTiles(const ConvProblem &problem) const {
    return {problem.out, tile, problem.phases()};
  }
  /// Words of one packed filter panel.
  int64_t panelSize(const ConvProblem &problem) const;
  /// Words of a packed input tile.
  int64_t tileSize(const ConvProblem &problem) const;
};

/// Filter gradients. The output is a matrix of rows (tap, input channel) and
/// columns (output channel); a task sums a part of it over its tiles.
struct FilterGradTiling {
  static constexpr llvm::StringLiteral kind = directKind;

  int64_t lanes, nb;
  int64_t
      ur;    ///< Rows of a register block, or channels of them with share_taps.
  Dims tile; ///< Pixels that are summed in registers.
  int64_t splits;     ///< Parts of the pixels, summed by a second launch.
  int64_t tap_groups; ///< Tasks that share the taps: 1, depth, or depth x
                      ///< height of them.
  int64_t groups;     ///< Tasks that share the output channels.
  bool share_taps; ///< An input value is used for all taps of its row at once.
  bool pack_grad;  ///< The gradient is copied to scratch, a block of channels
                   ///< after the other.
  bool prefetch; ///< A tile's multiplications fetch the next tile from memory.
  /// Input and gradient are in each other's place, for more output channels.
  /// All other functions take the problem so seen.
  bool swapped;
  MultiplyType multiplyType = MultiplyType::F32; ///< Of pixels of pairs of rows.

  ConvProblem effectiveProblem(const ConvProblem &problem) const {
    return swapped ? swapFactors(problem) : problem;
  }

  int64_t channelBlock() const { return nb * lanes; }
  int64_t channelBlocks(const ConvProblem &problem) const {
    return divideUp(problem.outChannels, channelBlock());
  }
  Dims tileCounts(const ConvProblem &problem) const;
  /// Rows of one (depth, height) tap.
  int64_t rows(const ConvProblem &problem) const {
    return problem.taps[2] * problem.inChannels;
  }
  /// Columns of a partial sum.
  int64_t columns(const ConvProblem &problem) const {
    return channelBlocks(problem) * channelBlock();
  }
  int64_t partialSize(const ConvProblem &problem) const {
    return problem.taps[0] * problem.taps[1] * rows(problem) * columns(problem);
  }
  /// Taps in depth and height of one task.
  Dims taskTaps(const ConvProblem &problem) const;
  /// True if rows are so few that those of all taps form the register blocks.
  bool mergesTaps(const ConvProblem &problem) const;
  /// True if register blocks can hold all taps of a row of this tiling's tiles.
  bool canShareTaps(const ConvProblem &problem) const;
  /// True if the sums are the result as it is to be stored.
  bool isDirect(const ConvProblem &problem) const {
    return splits == 1 && problem.filterOutStride == 1 && !swapped;
  }
  int64_t tileSize(const ConvProblem &problem) const;
  /// Words of a channel in a packed tile of the gradient.
  int64_t gradWords() const {
    return tile[0] * wordsOf(multiplyType, tile[1]) * tile[2];
  }
};

/// Why kinds that know neither groups nor dilations cannot compute it; empty if
/// they can.
std::string plainRefusal(const ConvProblem &problem);

/// Why the pairs of 16-bit products cannot be packed; empty if they can.
std::string pairsRefusal(const ConvProblem &problem);

/// The best tiling and its cycles under a model of a core.
std::pair<ConvTiling, double> selectConvTiling(const ConvProblem &problem,
                                           const CpuStrategyContext &context);
std::pair<FilterGradTiling, double>
selectFilterGradTiling(const ConvProblem &problem,
                     const CpuStrategyContext &context);

/// The strategy of any kind's tiling for the fusion.
template <typename Tiling>
mlir::DictionaryAttr toStrategy(seg::FusionOp fusion,
                                const ConvProblem &problem, const Tiling &tiling);

/// The root mean square error that a strategy's 16-bit products cause in a
/// result, of the result's; 0 for those of f32.
double productError(mlir::DictionaryAttr strategy);

/// Fails with an error on `op` for a strategy that cannot be emitted.
llvm::FailureOr<ConvTiling> readConvTiling(FusionEmitter &emitter,
                                       const ConvProblem &problem,
                                       mlir::Operation *op);
llvm::FailureOr<FilterGradTiling> readFilterGradTiling(FusionEmitter &emitter,
                                                   const ConvProblem &problem,
                                                   mlir::Operation *op);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CONVSTRATEGY_H
