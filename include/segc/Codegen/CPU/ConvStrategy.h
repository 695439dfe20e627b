//===- ConvStrategy.h - Tilings of direct convolutions ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Parameters of the direct convolution kernels. The fusion's strategy holds
// them under the names of the fields; the emitters read them as these structs.

#ifndef SEGC_CODEGEN_CPU_CONVSTRATEGY_H
#define SEGC_CODEGEN_CPU_CONVSTRATEGY_H

#include "segc/Codegen/CPU/CpuStrategyContext.h"
#include "segc/Codegen/Common/FixedPoint.h"
#include "segc/Codegen/Common/Moments.h"

namespace segc {

/// Kinds of strategies.
inline constexpr llvm::StringLiteral directKind = "direct",
                                     winogradKind = "winograd",
                                     fewChannelsKind = "few_channels",
                                     groupedKind = "grouped", int8Kind = "int8";

/// Number of 32-bit words that hold `values` neighbours along the reduced
/// dimension.
inline int64_t wordsOf(MultiplyType multiplyType, int64_t values) {
  return multiplyType == MultiplyType::F32 ? values : divideUp(values, 2);
}

/// Number of registers for the sums of a register block. Products of f16 need
/// twice as many: the f32 sums and the f16 sums of a chain.
inline int64_t sumRegisters(MultiplyType multiplyType, int64_t sums) {
  return multiplyType == MultiplyType::F16 ? 2 * sums : sums;
}

/// Number of registers for the broadcast factor. The instructions for bf16 and
/// integer pairs overwrite their accumulator and take no broadcast memory
/// operand. Without two spare registers, LLVM may copy the sums in every step.
inline int64_t sharedRegisters(MultiplyType multiplyType) {
  return multiplyType == MultiplyType::Bf16 ||
                 multiplyType == MultiplyType::Fixed
             ? 3
             : 1;
}

/// Convolutions, transposed convolutions and input gradients. A task packs the
/// input of one tile of outputs, then multiplies it with the packed filter in
/// register blocks of `block` pixels x `nb` vectors of channels.
struct ConvTiling {
  static constexpr llvm::StringLiteral kind = directKind;

  int64_t lanes; ///< Lanes of the vectors along output channels.
  int64_t nb;    ///< Vectors of a register block.
  /// Pixels of a register block. If it is more than 1 in a dimension, the block
  /// covers the inner dimensions of the tile completely.
  Dims block;
  Dims tile;       ///< Outputs of a task.
  int64_t groups;  ///< Tasks that share the channels of a tile's outputs.
  bool share_taps; ///< Each loaded input value is multiplied with all taps of
                   ///< its row.
  bool in_place;   ///< The input is read without packing it.
  int64_t unroll;  ///< Steps of the inner loop.
  /// Type of the products; 16-bit types multiply pairs of input channels.
  MultiplyType multiplyType = MultiplyType::F32;
  /// The factors are 8-bit integers, four input channels in a word.
  bool isInt8 = false;

  /// Words of a pixel's input channels.
  int64_t words(const ConvProblem &problem) const {
    return isInt8 ? divideUp(problem.inChannels, 4)
                  : wordsOf(multiplyType, problem.inChannels);
  }
  /// Words that a step of the inner loop adds to each sum.
  int64_t additions(const ConvProblem &problem) const {
    return unroll * (share_taps ? problem.phaseTaps()[2] : 1);
  }
  int64_t channelBlock() const { return nb * lanes; }
  int64_t channelBlocks(const ConvProblem &problem) const {
    return divideUp(problem.outChannels, channelBlock());
  }
  Dims tileCounts(const ConvProblem &problem) const;
  /// The grid of output tiles. The tasks of all groups share a tile.
  TileGrid outputTiles(const ConvProblem &problem) const {
    return {problem.out, tile, problem.phases()};
  }
  /// Words in front of a panel. Of 8-bit integers these are two for each
  /// channel: what its sum starts with, and what it is multiplied with.
  int64_t panelHeader() const { return isInt8 ? 2 * channelBlock() : 0; }
  /// Words of one packed filter panel.
  int64_t panelSize(const ConvProblem &problem) const;
  /// Words of a packed input tile.
  int64_t tileSize(const ConvProblem &problem) const;
};

/// The same of quantized factors, whose multiply type is not used.
struct Int8ConvTiling : ConvTiling {
  static constexpr llvm::StringLiteral kind = int8Kind;
  Int8ConvTiling() : ConvTiling{} { isInt8 = true; }
};

/// Filter gradients. The output is a matrix of rows (tap, input channel) and
/// columns (output channel); a task sums a part of it over its tiles.
struct FilterGradTiling {
  static constexpr llvm::StringLiteral kind = directKind;

  int64_t lanes, nb;
  int64_t ur; ///< Rows of a register block; with share_taps its input channels.
  Dims tile;  ///< Pixels that are summed in registers.
  int64_t splits;     ///< Number of parts of the pixels; a second launch adds
                      ///< their partial sums.
  int64_t tap_groups; ///< Tasks that share the taps: 1, depth, or depth x
                      ///< height of them.
  int64_t groups;     ///< Tasks that share the output channels.
  bool share_taps; ///< An input value is used for all taps of its row at once.
  bool pack_grad;  ///< The gradient is packed into scratch, one block of
                   ///< channels after the other.
  bool prefetch;   ///< The next tile is prefetched while a tile is multiplied.
  /// Input and gradient are exchanged, which gives more output channels. All
  /// other functions take the exchanged problem.
  bool swapped;
  /// Type of the products; 16-bit types multiply pairs of pixels.
  MultiplyType multiplyType = MultiplyType::F32;

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
  /// True if register blocks span the rows of several taps, because one tap has
  /// too few.
  bool mergesTaps(const ConvProblem &problem) const;
  /// True if a register block can hold all taps of a row.
  bool canShareTaps(const ConvProblem &problem) const;
  /// True if the sums can be stored as the result without a second launch.
  bool isDirect(const ConvProblem &problem) const {
    return splits == 1 && problem.filterOutStride == 1 && !swapped;
  }
  int64_t tileSize(const ConvProblem &problem) const;
  /// Words of one channel in a packed tile of the gradient.
  int64_t gradWords() const {
    return tile[0] * wordsOf(multiplyType, tile[1]) * tile[2];
  }
};

/// The reason why kinds without groups and dilations cannot compute the
/// problem; empty if they can.
std::string plainRefusal(const ConvProblem &problem);

/// The reason why pairs of 16-bit values cannot be packed; empty if they can.
std::string pairsRefusal(const ConvProblem &problem);

/// The reason why no kernel multiplies the factors of `conv`, which are
/// quantized, as 8-bit integers; empty if one does.
std::string int8Refusal(const ConvProblem &problem, mlir::Operation *conv);

/// The best tiling and its cycles according to the model of a core.
std::pair<ConvTiling, double>
selectConvTiling(const ConvProblem &problem, const CpuStrategyContext &context);
std::pair<Int8ConvTiling, double>
selectInt8Tiling(const ConvProblem &problem, const CpuStrategyContext &context);
std::pair<FilterGradTiling, double>
selectFilterGradTiling(const ConvProblem &problem,
                       const CpuStrategyContext &context);

/// The strategy of any kind's tiling for the fusion.
template <typename Tiling>
seg::StrategyAttr toStrategy(seg::FusionOp fusion, const ConvProblem &problem,
                             const Tiling &tiling);

/// The parameters that strategies of such tilings have.
template <typename Tiling>
llvm::ArrayRef<StrategyParameter> tilingParameters();

/// The relative root mean square error that a strategy's 16-bit products cause
/// in the result; 0 for f32.
double productError(seg::StrategyAttr strategy, bool int8Input = false);

/// Fails with an error on `op` for a strategy that cannot be emitted.
llvm::FailureOr<ConvTiling> readConvTiling(FusionEmitter &emitter,
                                           const ConvProblem &problem,
                                           mlir::Operation *op);
llvm::FailureOr<Int8ConvTiling> readInt8Tiling(FusionEmitter &emitter,
                                               const ConvProblem &problem,
                                               mlir::Operation *op);
llvm::FailureOr<FilterGradTiling>
readFilterGradTiling(FusionEmitter &emitter, const ConvProblem &problem,
                     mlir::Operation *op);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CONVSTRATEGY_H
