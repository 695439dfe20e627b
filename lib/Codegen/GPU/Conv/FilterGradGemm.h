//===- FilterGradGemm.h - Filter gradients ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADGEMM_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADGEMM_H

#include "ConvOperands.h"

namespace segc {

/// The result of a seg.conv_filter_grad, summed over the pixels of all samples.
/// These, or boxes of them, are cut into `parts` of about the same size,
/// whatever the number of samples. The blocks of a cluster have parts that
/// follow each other, and add them in order. Where there are several clusters
/// of a tile, or parts without one, each has a copy of the result in the
/// temporary, and a last launch adds the copies: those of a slice in order,
/// then the sums of the slices.
class FilterGradGemm : public ConvGemm {
public:
  FilterGradGemm(GpuKernelBody &k, seg::FusionOp fusion,
                 const ConvProblem &problem, const GemmTile &tile,
                 int64_t parts);

  /// Boxes of pixels of a sample.
  static int64_t boxesOfSample(const ConvProblem &problem,
                               const GemmTile &tile) {
    return product(divideUp(problem.out, *tile.box));
  }
  static int64_t blocks(const ConvProblem &problem, const GemmTile &tile,
                        int64_t parts);
  /// Copies of the result, one of each cluster of a tile.
  static int64_t copies(const GemmTile &tile, int64_t parts) {
    return parts / tile.cluster;
  }
  /// Floats of the temporary.
  static int64_t tempFloats(const ConvProblem &problem, int64_t copies);
  /// Emits the launch that adds the copies; there must be several.
  static void launchMerge(GpuFusionEmitter &emitter, const ConvProblem &problem,
                          int64_t copies);
  /// Of that launch, if there are several, with what its threads wait for loads
  /// that follow each other.
  static double mergeSeconds(const GpuTarget &target,
                             const ConvProblem &problem, int64_t copies);

  static GemmAccess accessOf(const ConvProblem &problem, mlir::Operation *root,
                             GemmOperand operand);
  GemmAccess access(GemmOperand operand) const override {
    return accessOf(problem, root, operand);
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
  // Of a tile with a box, some taps may read a patch of the input at strides of
  // 1 (FilterGradPatchBlock.h, WgmmaGradBlock.h).
  const ConvProblem &getProblem() const { return problem; }
  mlir::Operation *getRoot() const { return root; }
  /// The number of the block's rows among those of all blocks.
  mlir::Value getRowBlock() const { return rowBlock; }
  /// The sample and the first position of the box of a step.
  struct Box {
    mlir::Value sample;
    Indices origin;
  };
  Box boxOf(mlir::Value step);
  /// Where the box of a tap of the input, or its patch, begins, and that of the
  /// output's gradient from a column of the tile on.
  GemmBox inputBox(const Box &box, const Indices &tap, mlir::Value channel);
  GemmBox gradBox(const Box &box, int64_t column);
  /// The input from a channel of the group on, at the position that tap 0 reads
  /// so far from the first one of the box.
  GemmRun inputRun(const Box &box, const Indices &position,
                   mlir::Value channel);
  /// The output's gradient from a column of the tile on, so far from the first
  /// position of the box.
  GemmRun gradRun(const Box &box, const Indices &position, mlir::Value column);
  /// Stores the sum of a column of the tile, of a tap and a channel of the
  /// group.
  void storeSum(mlir::Value sum, mlir::Value tap, mlir::Value channel,
                mlir::Value column);
  /// Stores two columns of a row, which is a tap and a channel of the group.
  void storePair(mlir::Value sums, mlir::Value tap, mlir::Value channel,
                 mlir::Value column);
  /// The tensor map of an operand for a tile with a box.
  static exec::TensorMapAttr tensorMap(seg::FusionOp fusion,
                                       const ConvProblem &problem,
                                       const GemmTile &tile,
                                       GemmOperand operand);
  void finish(const GemmSums &sums) override;
  /// The tap and the channel of the group of a row of sums; whether it exists,
  /// null if all do.
  struct Row {
    mlir::Value tap, channel, exists;
  };
  /// Stores the sums of so many rows, of which a block of a cluster has its
  /// share, and waits until all blocks of it have read theirs.
  void storeSums(const GemmSums &sums, int64_t rows,
                 llvm::function_ref<Row(mlir::Value row)> rowOf);

private:
  static int64_t rowCount(const ConvProblem &problem) {
    return product(problem.taps) * problem.groupInputs();
  }
  static int64_t elements(const ConvProblem &problem) {
    return product(problem.taps) * problem.groupInputs() * problem.outChannels;
  }
  mlir::Value isRow(mlir::Value row) {
    return k.less(k.add(firstRow, row), k.index(rowCount(problem)));
  }
  mlir::Value isColumn(mlir::Value column) {
    return k.less(k.add(firstColumn, column), k.index(problem.groupOutputs()));
  }

  /// A run of the output's gradient at a pixel of all samples.
  GemmRun gradAt(mlir::Value pixel, mlir::Value column, mlir::Value inside);
  /// Where the sums of this copy lie, and the element of a row and a column of
  /// the tile.
  mlir::Value sumsOfCopy() {
    return copies(tile, parts) == 1 ? outputOf(k, root->getResult(0))
                                    : k.temp();
  }
  mlir::Value elementOf(mlir::Value tap, mlir::Value channel,
                        mlir::Value column);
  /// Columns that follow each other in memory, at most `most`.
  int64_t storeLanes(int64_t most) const {
    return problem.filterOutStride == 1
               ? std::min(most, runLanes({problem.groupOutputs()}))
               : 1;
  }

  mlir::Operation *root;
  int64_t parts;
  mlir::Value copy, rank; ///< Of the block's cluster, and its rank there.
  mlir::Value group, rowBlock, firstRow, firstColumn;
  mlir::Value firstPixel, endPixel; ///< Or boxes.
  ConvWindow window;
  ConvInput input;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FILTERGRADGEMM_H
