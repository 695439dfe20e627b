//===- ForwardGemm.h - Convolutions and input gradients ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H

#include "ConvOperands.h"
#include "Pointwise/PointwiseBlocks.h"
#include "segc/Codegen/Common/Formulas.h"
#include <memory>
#include <vector>

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
  void loadChannels() override;
  void beginFinish() override;
  void finish(const GemmSums &sums) override;
  /// How often a thread of `finish` waits for loads.
  static int64_t finishRounds(seg::FusionOp fusion, const ConvProblem &problem,
                              const GemmTile &tile, int64_t threads);

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

  // The epilogue (ForwardEpilogue.cpp). A thread has runs of some channels, of
  // every so many rows of the tile.
  struct Runs {
    Runs(seg::FusionOp fusion, const ConvProblem &problem, const GemmTile &tile,
         int64_t threads);
    int64_t lanes;    ///< Channels of a run.
    int64_t columns;  ///< Of the tile that the block finishes.
    int64_t vectors;  ///< Runs of a row.
    int64_t rowStep;  ///< From one row of a thread to the next.
    int64_t count;    ///< Rows of a thread.
    int64_t underWay; ///< Whose operands it loads before it computes any.
    /// Operands that all runs of a thread have, and those that each has.
    llvm::SmallVector<PointwiseOperand> shared, own;
  };
  /// A reduction of a tile, of one of its samples.
  struct RunSums {
    Reduction reduction;
    ReductionTile tile;
    llvm::SmallVector<ChannelRow> channelRows;
    llvm::SmallVector<mlir::Value> rows; ///< Their values.
  };
  static int64_t storeLanes(const ConvProblem &problem);
  RunSums runSums(const Reduction &reduction, mlir::Value ofSample,
                  mlir::Value first);
  mlir::Value loadRow(const ChannelRow &row);
  /// The pixel of a thread's run; `isBounded` where the row may lie behind the
  /// tile.
  Pixel runPixel(mlir::Value row, bool isBounded);
  Point pointOf(const Pixel &pixel);
  /// What a run needs of memory, in as few registers as it has there.
  llvm::SmallVector<mlir::Value> loadRun(const Pixel &pixel);
  /// The epilogue's values of a run, given what has been loaded.
  PointwiseEmitter computeRun(const GemmSums &sums, mlir::Value row,
                              const Pixel &pixel, mlir::ValueRange loaded);
  llvm::SmallVector<mlir::Value> storeRuns(const GemmSums &sums);
  void sumSamples(const Reduction &reduction);
  /// Returns how many rows of the tile are one sample's.
  int64_t sampleRows() const {
    return tile.box ? product(*tile.box) : tile.rows;
  }
  llvm::SmallVector<mlir::Value> sumStored(const RunSums &own,
                                           mlir::Value first);
  llvm::SmallVector<mlir::Value> addTerms(const RunSums &own,
                                          mlir::ValueRange elements,
                                          mlir::Value exists,
                                          mlir::ValueRange sums);
  void sumThreads(const RunSums &own, mlir::ValueRange sums);
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
  /// Whether no column of any tile lies behind the channels.
  bool hasWholeColumns() const {
    return problem.groupOutputs() % tile.phaseColumns() == 0;
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

  std::unique_ptr<Runs> runs;
  std::unique_ptr<ConvWindow> runWindow;
  /// The first channel and row of the thread's runs, and their channel of the
  /// tensor.
  mlir::Value runColumn, runRow, runChannel, isRun;
  /// Of the run's channels; `scales` of integer sums alone.
  mlir::Value bias, scales;
  llvm::DenseMap<mlir::Value, mlir::Value> sharedValues;
  llvm::SmallVector<mlir::Value> firstRuns, firstPixel; ///< Loaded.
  std::vector<RunSums> sumsOfRuns;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FORWARDGEMM_H
