//===- ForwardReductions.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Reductions by channels in the epilogue: threads add the terms of their runs,
// then one of each column adds those of all threads.

#include "ForwardGemm.h"
#include "Reductions/TileMerges.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

SmallVector<ForwardGemm::Reduction>
ForwardGemm::reductions(seg::FusionOp fusion, const ConvProblem &problem,
                        const GemmTile &tile) {
  // The tiles of a phase are numbered one after the other for each position.
  Dims phases = blockPhases(problem);
  TileGrid grid{
      {1, 1, product(problem.out)}, {1, 1, tile.rows}, {1, 1, product(phases)}};
  if (tile.box)
    grid = {problem.out, *tile.box, phases};
  SmallVector<Reduction> result;
  int64_t base = 0;
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>()) {
    result.push_back({op, op.getMomentLayout(grid, base)});
    base += roundUp(ChannelMerge(op, result.back().layout).floats(), 16);
  }
  return result;
}

int64_t ForwardGemm::finishFloats(seg::FusionOp fusion,
                                  const ConvProblem &problem,
                                  const GemmTile &tile, int64_t threads) {
  int64_t sums = 0;
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>())
    sums = std::max<int64_t>(sums, op.getSumCount());
  return sums * threads * storeLanes(problem);
}

/// Returns the reduction of the pixels of a sample, from row `first` on, and
/// the channel rows that its terms need.
ForwardGemm::RunSums ForwardGemm::runSums(const Reduction &reduction,
                                          Value ofSample, Value first) {
  int64_t pixels = product(problem.out),
          phaseCount = product(blockPhases(problem));
  Value existing = k.index(1);
  if (tile.box) {
    Dims space = blockSpace(problem);
    for (unsigned d = 0; d < 3; ++d)
      existing =
          k.mul(existing, pieceExtent(k, space[d], (*tile.box)[d], origin[d]));
  } else {
    existing = k.min(k.index(tile.rows),
                     k.sub(k.index(pixels / phaseCount), firstRow));
  }
  Pixel pixel = pixelOf(first);
  ReductionTile own{ofSample, k.add(k.mul(tileNumber, phaseCount), phaseNumber),
                    k.mul(k.add(k.mul(pixel.sample, pixels), pixel.number),
                          problem.outChannels),
                    existing};
  ChannelReductionOpInterface op = reduction.op;
  return {reduction, own, op.getChannelRows(k, reduction.layout, own), {}};
}

Value ForwardGemm::loadRow(const ChannelRow &row) {
  return k.load(memoryOf(k, row.operand), k.add(row.row, runChannel),
                runs->lanes);
}

/// Adds the terms of a run to the sums if it exists.
SmallVector<Value> ForwardGemm::addTerms(const RunSums &own,
                                         ValueRange elements, Value exists,
                                         ValueRange sums) {
  ChannelReductionOpInterface op = own.reduction.op;
  seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(runs->lanes));
  SmallVector<Value> next;
  for (auto [sum, term] :
       llvm::zip_equal(sums, op.emitTerms(k, elements, own.rows)))
    next.push_back(k.builder().createOrFold<arith::SelectOp>(
        k.loc(), exists, math.add(sum, term), sum));
  return next;
}

/// Reduces a tile of several samples as it has been stored, one after the
/// other.
void ForwardGemm::sumSamples(const Reduction &reduction) {
  k.loop(k.index(0), k.index(tile.samples), 1, [&](Value i) {
    Value ofSample = k.add(sample, i);
    k.ifThen(k.less(ofSample, k.batch()), [&] {
      // The tile has been stored, or the sums of the sample before.
      k.barrier();
      Value first = k.mul(i, sampleRows());
      RunSums own = runSums(reduction, ofSample, first);
      for (const ChannelRow &row : own.channelRows)
        own.rows.push_back(loadRow(row));
      sumThreads(own, sumStored(own, first));
    });
  });
}

/// Returns the sums of the thread's rows of a sample that begins at row
/// `first`.
SmallVector<Value> ForwardGemm::sumStored(const RunSums &own, Value first) {
  ChannelReductionOpInterface op = own.reduction.op;
  SmallVector<Value> zeros(op.getSumCount(), k.zeroVector(runs->lanes));
  return k.loop(
      runRow, k.index(sampleRows()), runs->rowStep, zeros,
      [&](Value number, ValueRange carried) {
        Pixel pixel = runPixel(k.add(first, number), /*isBounded=*/false);
        Value element =
            k.add(k.mul(pointOf(pixel).pixel, problem.outChannels), runChannel);
        SmallVector<Value> elements;
        for (Value operand : op.getTermOperands())
          elements.push_back(k.ifElse(
              pixel.exists,
              [&] {
                return k.load(memoryOf(k, operand), element, runs->lanes);
              },
              [&] { return k.zeroVector(runs->lanes); }));
        return addTerms(own, elements, pixel.exists, carried);
      });
}

/// One thread of each column adds the sums of all threads, in order.
void ForwardGemm::sumThreads(const RunSums &own, ValueRange sums) {
  ChannelReductionOpInterface op = own.reduction.op;
  const MomentLayout &layout = own.reduction.layout;
  Value column = k.mul(k.rem(k.thread(), runs->vectors), runs->lanes);
  auto slot = [&](int64_t sum, Value row) {
    return k.add(k.mul(k.add(row, sum * runs->rowStep), runs->columns), column);
  };
  for (auto [i, sum] : llvm::enumerate(sums))
    k.store(sum, k.scratch(), slot(static_cast<int64_t>(i), runRow));
  k.barrier();
  Value isFirst = k.less(runRow, k.index(1));
  if (!hasWholeColumns())
    isFirst = k.both(isFirst, isRun);
  seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(runs->lanes));
  k.ifThen(isFirst, [&] {
    SmallVector<Value> zeros(sums.size(), k.zeroVector(runs->lanes));
    SmallVector<Value> totals = k.loop(
        k.index(0), k.index(runs->rowStep), 1, zeros,
        [&](Value row, ValueRange carried) {
          SmallVector<Value> next;
          for (auto [i, total] : llvm::enumerate(carried))
            next.push_back(math.add(
                total, k.load(k.scratch(), slot(static_cast<int64_t>(i), row),
                              runs->lanes)));
          return next;
        });
    Value to =
        k.add(layout.tileRow(k, own.tile.sample, own.tile.number), runChannel);
    for (auto [i, value] :
         llvm::enumerate(op.emitFinish(k, own.tile, totals, own.rows)))
      k.store(value, k.sums(),
              k.add(to, static_cast<int64_t>(i) * layout.channels));
  });
}

} // namespace segc
