//===- FilterGradPatchBlock.cpp -------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterGradPatchBlock.h"

#include "MmaWarps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace segc {
namespace {

class FilterGradPatchBlock {
public:
  FilterGradPatchBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                       const FilterGradPatchTiling &tiling);

  void emit();

private:
  using Values = MmaWarps::Values;

  Value stageOf(Value step) {
    return k.mul(k.rem(step, tiling.stages), tiling.stepElements(problem));
  }
  /// The element of a stage that has a channel of a position: of a box of
  /// `height` x `width`, in column `column` of some row of it. Pieces are
  /// permuted by the column alone, so that a thread's addresses in two rows
  /// differ by a constant.
  Value placeOf(int64_t channels, const Dims &box, Value depth, Value row,
                Value column, Value channel) {
    Value rows = k.add(k.mul(depth, box[1]), row);
    return k.add(
        warps.elementAt(channels, /*alongDepth=*/false, column, channel),
        k.mul(rows, box[2] * channels));
  }

  /// Where the pixels of a tap read along the width, from `column` on, lie.
  Value patchColumn(Value column) {
    int64_t stride = problem.strides[2];
    return k.add(k.mul(k.rem(column, stride), places[2] / stride),
                 k.div(column, stride));
  }

  void begin(Value step);
  Values multiply(Value step, ValueRange sums);
  Values multiplyStrip(Value stage, Value depth, Value column, ValueRange sums);
  void store(ArrayRef<Value> sums);

  GpuKernelBody &k;
  FilterGradGemm &gemm;
  const ConvProblem &problem;
  FilterGradPatchTiling tiling;
  GemmTile tile;
  MmaWarps warps;
  Dims patch, places, tapBox; ///< See FilterGradPatchTiling.
  Indices firstTap;           ///< Of the block.
  Value firstChannel;
  Value lineDepth, lineWidth; ///< The tap of the warp's line in the tap box.
};

FilterGradPatchBlock::FilterGradPatchBlock(GpuKernelBody &k,
                                           FilterGradGemm &gemm,
                                           const FilterGradPatchTiling &tiling)
    : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
      tile(tiling.tile), warps(k, tiling.tapTiling(problem),
                               tiling.stages * tiling.stepElements(problem)),
      patch(tiling.patch(problem)), places(tiling.patchPlaces(problem)),
      tapBox(tiling.tapBox(problem)) {
  Dims blocks = divideUp(problem.taps, tapBox);
  int64_t chunks = problem.groupInputs() / tiling.channels();
  firstTap = delinearizeDims(k, k.div(gemm.getRowBlock(), chunks), blocks);
  for (unsigned d = 0; d < 3; ++d)
    firstTap[d] = k.mul(firstTap[d], tapBox[d]);
  firstChannel = k.mul(k.rem(gemm.getRowBlock(), chunks), tiling.channels());
  int64_t warpsDown = tile.rows / tiling.warpRows;
  Value line = k.div(k.rem(k.div(k.thread(), 32), warpsDown),
                     warpsDown / tiling.lines(problem));
  lineDepth = k.div(line, tapBox[2]);
  lineWidth = k.rem(line, tapBox[2]);
}

void FilterGradPatchBlock::emit() {
  for (int64_t step = 0; step < tiling.stages - 1; ++step)
    begin(k.index(step));
  Values zeros;
  for (int64_t tap = 0; tap < tapBox[1]; ++tap)
    llvm::append_range(zeros, warps.zeros());
  Values sums = k.loop(k.index(0), gemm.stepCount(), 1, zeros,
                       [&](Value step, ValueRange carried) {
                         // The step is there, and all threads have multiplied
                         // the one whose place the next takes.
                         warps.waitForCopies(tiling.stages - 2);
                         begin(k.add(step, tiling.stages - 1));
                         return multiply(step, carried);
                       });
  store(sums);
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

/// Brings what a step multiplies to its stage, if there is such a step.
void FilterGradPatchBlock::begin(Value step) {
  k.ifThen(k.less(step, gemm.stepCount()), [&] {
    FilterGradGemm::Box box = gemm.boxOf(step);
    Value stage = stageOf(step);
    int64_t channels = tiling.channels();
    warps.bringBox(
        patch, channels, gemm.access(GemmOperand::A).lanes,
        [&](const Indices &position, Value channel) {
          Indices shifted;
          for (unsigned d = 0; d < 3; ++d)
            shifted[d] = k.add(position[d], firstTap[d]);
          return std::pair(
              gemm.inputRun(box, shifted, k.add(firstChannel, channel)),
              k.add(stage, placeOf(channels, places, position[0], position[1],
                                   patchColumn(position[2]), channel)));
        });
    Value grads = k.add(stage, tiling.patchElements(problem));
    warps.bringBox(
        *tile.box, tile.columns, gemm.access(GemmOperand::B).lanes,
        [&](const Indices &position, Value column) {
          return std::pair(
              gemm.gradRun(box, position, column),
              k.add(grads, placeOf(tile.columns, *tile.box, position[0],
                                   position[1], position[2], column)));
        });
  });
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

FilterGradPatchBlock::Values FilterGradPatchBlock::multiply(Value step,
                                                            ValueRange sums) {
  Value stage = stageOf(step);
  const Dims &box = *tile.box;
  int64_t stripsWide = box[2] / warps.piece;
  auto strip = [&](Value number, ValueRange carried) {
    return multiplyStrip(stage, k.div(number, stripsWide),
                         k.mul(k.rem(number, stripsWide), warps.piece),
                         carried);
  };
  if (int64_t strips = box[0] * stripsWide; strips > 1)
    return k.loop(k.index(0), k.index(strips), 1, sums, strip);
  return strip(k.index(0), sums);
}

/// Adds the products of a strip of the box: its rows at one depth, from
/// `column` on, a piece wide. Two rows are the depth of one mma.
FilterGradPatchBlock::Values
FilterGradPatchBlock::multiplyStrip(Value stage, Value depth, Value column,
                                    ValueRange sums) {
  const Dims &box = *tile.box;
  // The words of each row of the patch under the strip, two for 16 channels.
  SmallVector<Values> inputs;
  int64_t rows = patch[1], stride = problem.strides[1];
  Value inputDepth = k.add(k.mul(depth, problem.strides[0]), lineDepth),
        inputColumn = k.add(column, patchColumn(lineWidth));
  auto loadTwoRows = [&] {
    int64_t first = inputs.size();
    Values words = warps.loadFragments(
        GemmOperand::A, /*alongDepth=*/false, 0, [&](Value index, Value deep) {
          // The second row of the last two may not exist, and is not used then.
          Value row = k.div(deep, warps.piece);
          row = first + 1 < rows ? k.add(row, first) : k.index(first);
          return k.add(stage,
                       placeOf(tiling.channels(), places, inputDepth, row,
                               k.add(inputColumn, k.rem(deep, warps.piece)),
                               k.rem(index, tiling.channels())));
        });
    for (size_t low : {0, 2}) {
      Values &row = inputs.emplace_back();
      for (size_t i = low; i < words.size(); i += 4)
        row.append({words[i], words[i + 1]});
    }
  };
  Value grads = k.add(stage, tiling.patchElements(problem));
  Values current(sums);
  size_t sumsOfTap = sums.size() / tapBox[1];
  for (int64_t row = 0; row < box[1]; row += 2) {
    Values grad = warps.loadFragments(
        GemmOperand::B, /*alongDepth=*/false, 0, [&](Value index, Value deep) {
          return k.add(grads,
                       placeOf(tile.columns, box, depth,
                               k.add(k.div(deep, warps.piece), row),
                               k.add(column, k.rem(deep, warps.piece)), index));
        });
    for (int64_t tap = 0; tap < tapBox[1]; ++tap) {
      size_t first = row * stride + tap, second = first + stride;
      while (inputs.size() <= second)
        loadTwoRows();
      const Values &low = inputs[first], &high = inputs[second];
      Values input;
      for (size_t i = 0; i < low.size(); i += 2)
        input.append({low[i], low[i + 1], high[i], high[i + 1]});
      warps.multiply(
          input, grad,
          MutableArrayRef(current).slice(tap * sumsOfTap, sumsOfTap));
    }
  }
  return current;
}

void FilterGradPatchBlock::store(ArrayRef<Value> sums) {
  size_t sumsOfTap = sums.size() / tapBox[1];
  for (int64_t tap = 0; tap < tapBox[1]; ++tap) {
    Indices at{k.add(firstTap[0], lineDepth), k.add(firstTap[1], tap),
               k.add(firstTap[2], lineWidth)};
    Value number = at[0];
    for (unsigned d = 1; d < 3; ++d)
      number = k.add(k.mul(number, problem.taps[d]), at[d]);
    warps.forSums(sums.slice(tap * sumsOfTap, sumsOfTap),
                  [&](Value pair, Value row, Value column) {
                    Value channel = k.rem(row, tiling.channels());
                    gemm.storePair(pair, number, k.add(firstChannel, channel),
                                   column);
                  });
  }
}

} // namespace

Dims FilterGradPatchTiling::tapBox(const ConvProblem &problem) const {
  int64_t linesOfBlock = lines(problem),
          wide = std::min(linesOfBlock, problem.taps[2]);
  return {linesOfBlock / wide, problem.taps[1], wide};
}

MmaTiling FilterGradPatchTiling::tapTiling(const ConvProblem &problem) const {
  MmaTiling result = *this;
  result.tile.rows /= problem.taps[1];
  result.warpRows /= problem.taps[1];
  return result;
}

Dims FilterGradPatchTiling::patch(const ConvProblem &problem) const {
  Dims result = *tile.box, tapsOfBlock = tapBox(problem);
  for (unsigned d = 0; d < 3; ++d)
    result[d] = (result[d] - 1) * problem.strides[d] + tapsOfBlock[d];
  return result;
}

Dims FilterGradPatchTiling::patchPlaces(const ConvProblem &problem) const {
  Dims result = patch(problem);
  result[2] = roundUp(result[2], problem.strides[2]);
  return result;
}

void emitFilterGradPatchBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                              const FilterGradPatchTiling &tiling) {
  FilterGradPatchBlock(k, gemm, tiling).emit();
}

} // namespace segc
