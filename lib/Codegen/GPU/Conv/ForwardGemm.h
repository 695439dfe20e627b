//===- ForwardGemm.h - Convolutions and input gradients ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H

#include "ConvOperands.h"
#include "segc/Codegen/Common/Formulas.h"

namespace segc {

/// The output of a seg.conv, seg.conv_transpose or seg.conv_input_grad. A block
/// computes a tile of pixels of a phase of a sample, or of some whole samples,
/// and channels of a group.
class ForwardGemm : public ConvGemm {
public:
  /// A reduction that follows the root, and its rows in KernelBody::sums.
  struct Reduction {
    ChannelReductionOpInterface op;
    MomentLayout layout;
  };

  ForwardGemm(GpuKernelBody &k, seg::FusionOp fusion,
              const ConvProblem &problem, const GemmTile &tile);

  /// The blocks of a launch. Those of several samples each are as many as the
  /// largest batch has.
  static TaskCount tasks(const ConvProblem &problem, const GemmTile &tile);
  static llvm::SmallVector<Reduction> reductions(seg::FusionOp fusion,
                                                 const ConvProblem &problem,
                                                 const GemmTile &tile);
  /// Floats of shared memory that `finish` needs beside the sums.
  static int64_t finishFloats(seg::FusionOp fusion, const ConvProblem &problem,
                              const GemmTile &tile, int64_t threads);

  static GemmAccess accessOf(const ConvProblem &problem, mlir::Operation *root,
                             GemmOperand operand);
  GemmAccess access(GemmOperand operand) const override {
    return accessOf(operand == GemmOperand::B ? filterProblem : problem, root,
                    operand);
  }
  GemmRun run(GemmOperand operand, mlir::Value index, mlir::Value step,
              mlir::Value depth) override;
  int64_t boxWidth(GemmOperand operand) const override {
    return boxWidth(problem, tile, operand);
  }
  static int64_t boxWidth(const ConvProblem &problem, const GemmTile &tile,
                          GemmOperand operand);
  llvm::SmallVector<GemmBox> boxes(GemmOperand operand,
                                   mlir::Value step) override;
  /// The tensor map of an operand for a tile with a box.
  static exec::TensorMapAttr tensorMap(seg::FusionOp fusion,
                                       const ConvProblem &problem,
                                       const GemmTile &tile,
                                       GemmOperand operand);
  void finish(const GemmSums &sums) override;

  // Of a tile with a box, at strides and dilations of 1, all taps read a patch
  // of the input, whose rows are positions.
  const ConvProblem &getProblem() const { return problem; }
  static Dims patchOf(const ConvProblem &problem, const GemmTile &tile);
  /// The row of the patch that tap 0 reads for a row of the tile, and how many
  /// rows farther another tap reads.
  mlir::Value patchRow(mlir::Value row);
  mlir::Value patchShift(mlir::Value tap);
  /// The row of the patch that is a position of it.
  mlir::Value patchNumber(const Indices &position);
  /// The elements at a position of the patch from this channel of the group on.
  GemmRun patchRun(Indices position, mlir::Value channel);

private:
  /// A tap and an input channel of the group.
  struct Depth {
    mlir::Value tap, channel, inside;
  };
  Depth splitDepth(mlir::Value step, mlir::Value depth);
  /// The output pixel of a row of the tile, numbered within its sample.
  struct Pixel {
    Indices position; ///< Within the phase.
    mlir::Value sample, number, exists;
  };
  Pixel pixelOf(mlir::Value row) { return pixelOf(row, *window); }
  /// That of another phase.
  Pixel pixelOf(mlir::Value row, const ConvWindow &phase);

  void shareSteps();
  void store(const GemmSums &sums, mlir::Value sumColumn);
  void reduce(const Reduction &reduction);
  /// That of some rows of the tile, the pixels of a sample.
  void reduceRows(const Reduction &reduction, mlir::Value ofSample,
                  mlir::Value first);
  /// The walk of the threads over the tile: each has a vector of columns and
  /// every `rowStep`-th row.
  static int64_t storeLanes(const ConvProblem &problem);
  /// The channel of the group.
  mlir::Value groupChannel(mlir::Value column) {
    return k.add(firstColumn, tile.phases == 1
                                  ? column
                                  : k.rem(column, tile.phaseColumns()));
  }
  mlir::Value channelOf(mlir::Value column) {
    return k.add(k.mul(group, problem.groupOutputs()), groupChannel(column));
  }
  mlir::Value isColumn(mlir::Value column) {
    return k.less(groupChannel(column), k.index(problem.groupOutputs()));
  }
  /// The phase of a column of a pixel shuffle.
  ConvWindow windowOf(mlir::Value column) {
    return {k, problem, k.add(phaseNumber, k.div(column, tile.phaseColumns()))};
  }

  seg::FusionOp fusion;
  mlir::Operation *root;
  mlir::Value sample; ///< The first of the tile.
  mlir::Value phaseNumber, tileNumber, group, firstRow, firstColumn;
  mlir::Value rank, firstStep; ///< Of a block of a cluster.
  Indices origin;              ///< Of a tile with a box, within the phase.
  std::optional<ConvWindow> window;
  ConvInput input;
  ConvProblem filterProblem; ///< With the filter, or its copy, as it lies.
  ConvFilter filter;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H
