//===- Norm.cpp - Statistics of normalisations ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics of normalisations and the sums of their gradients. Each formula
// defines the terms that an element adds to the sums of a tile of pixels, and
// two merges: of the tiles of each channel, and for group norm of the channels
// of a group.

#include "segc/Codegen/Common/Formulas.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;
using namespace segc;
using seg::NormKind;

namespace {

template <typename OpTy>
MomentLayout layoutOf(OpTy op, const TileGrid &grid, int64_t base) {
  return {op.getInput().getType(), op.getKind(),
          static_cast<int64_t>(op.getGroups()), grid, base};
}

/// Returns arithmetic on values of the type of `like`, a scalar or a vector.
seg::PointwiseMath mathOf(KernelBody &k, Value like) {
  return {k.builder(), k.loc(), like.getType()};
}
Value quotient(KernelBody &k, Value a, Value b) {
  return arith::DivFOp::create(k.builder(), k.loc(), a, b);
}

/// Emits the sum of `term(channel)` over the channels of a group, in f64.
Value sumGroup(KernelBody &k, Value first, int64_t size,
               llvm::function_ref<Value(Value)> term) {
  return k.loop(first, k.add(first, size), 1, {doubleConstant(k, 0)},
                [&](Value channel, ValueRange sum) -> SmallVector<Value> {
                  return {arith::AddFOp::create(k.builder(), k.loc(), sum[0],
                                                term(channel))};
                })[0];
}

//===----------------------------------------------------------------------===//
// norm_stats
//===----------------------------------------------------------------------===//

/// Computes the mean and the sum of squared deviations of each tile. Values are
/// shifted by the tile's first pixel, so that a large mean does not cancel.
struct NormStatsFormula
    : ChannelReductionOpInterface::ExternalModel<NormStatsFormula,
                                                 seg::NormStatsOp> {
  unsigned getSumCount(Operation *) const { return 2; }
  MomentLayout getMomentLayout(Operation *op, const TileGrid &grid,
                               int64_t base) const {
    return layoutOf(cast<seg::NormStatsOp>(op), grid, base);
  }

  SmallVector<Value> getTermOperands(Operation *op) const {
    return {cast<seg::NormStatsOp>(op).getInput()};
  }
  SmallVector<ChannelRow> getChannelRows(Operation *op, KernelBody &,
                                         const MomentLayout &,
                                         const ReductionTile &tile) const {
    return {{cast<seg::NormStatsOp>(op).getInput(), tile.first}};
  }

  SmallVector<Value> emitTerms(Operation *, KernelBody &k, ValueRange elements,
                               ValueRange rows) const {
    seg::PointwiseMath m = mathOf(k, rows[0]);
    Value shifted = m.sub(elements[0], rows[0]);
    return {shifted, m.mul(shifted, shifted)};
  }

  SmallVector<Value> emitFinish(Operation *, KernelBody &k,
                                const ReductionTile &tile, ValueRange sums,
                                ValueRange rows) const {
    seg::PointwiseMath m = mathOf(k, sums[0]);
    Value inverse = toFloat(
        k, quotient(k, doubleConstant(k, 1), indexToDouble(k, tile.pixels)));
    Value delta = m.mul(sums[0], k.broadcast(inverse, sums[0].getType()));
    return {m.add(rows[0], delta),
            m.max(m.sub(sums[1], m.mul(delta, sums[0])), m.constant(0))};
  }

  SmallVector<Value> mergeParts(Operation *, KernelBody &k, ValueRange part,
                                ValueRange other) const {
    return mergeMoments(k, part, other);
  }

  void emitChannelMerge(Operation *op, KernelBody &k, ChannelBlock &block,
                        const MomentLayout &layout) const {
    auto stats = cast<seg::NormStatsOp>(op);
    emitMergedMoments(k, block, layout, stats.getEpsilon().convertToDouble(),
                      outputOf(k, stats.getMean()),
                      outputOf(k, stats.getRstd()));
  }

  /// Merges the statistics of a group's channels, which have the same number of
  /// pixels.
  void emitGroupMerge(Operation *op, KernelBody &k, Value sample, Value group,
                      const MomentLayout &layout) const {
    auto stats = cast<seg::NormStatsOp>(op);
    int64_t size = layout.channels / layout.groups;
    Value first = k.mul(group, size);
    Value row = layout.sampleRow(k, sample);
    Value sum = sumGroup(k, first, size, [&](Value c) {
      return loadDouble(k, k.sums(), k.add(row, c));
    });
    seg::PointwiseMath m = mathOf(k, sum);
    Value mean = m.mul(sum, m.constant(1.0 / size));
    Value squares = sumGroup(k, first, size, [&](Value c) {
      Value delta = m.sub(loadDouble(k, k.sums(), k.add(row, c)), mean);
      Value within =
          loadDouble(k, k.sums(), k.add(k.add(row, layout.channels), c));
      return m.add(within,
                   m.mul(m.mul(delta, delta), m.constant(layout.pixels)));
    });
    Value rstd = reciprocalDeviation(k, squares,
                                     m.constant(1.0 / (size * layout.pixels)),
                                     stats.getEpsilon().convertToDouble());
    k.loop(first, k.add(first, size), 1, [&](Value channel) {
      Value index = k.add(k.mul(sample, layout.channels), channel);
      if (Value memref = outputOf(k, stats.getMean()))
        k.storeScalar(toFloat(k, mean), memref, index);
      if (Value memref = outputOf(k, stats.getRstd()))
        k.storeScalar(toFloat(k, rstd), memref, index);
    });
  }
};

//===----------------------------------------------------------------------===//
// norm_grad_stats
//===----------------------------------------------------------------------===//

/// Computes sum(grad) and sum(grad * xhat) of each tile.
struct NormGradStatsFormula
    : ChannelReductionOpInterface::ExternalModel<NormGradStatsFormula,
                                                 seg::NormGradStatsOp> {
  unsigned getSumCount(Operation *) const { return 2; }
  MomentLayout getMomentLayout(Operation *op, const TileGrid &grid,
                               int64_t base) const {
    return layoutOf(cast<seg::NormGradStatsOp>(op), grid, base);
  }

  SmallVector<Value> getTermOperands(Operation *op) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    return {stats.getGrad(), stats.getInput()};
  }
  SmallVector<ChannelRow> getChannelRows(Operation *op, KernelBody &k,
                                         const MomentLayout &layout,
                                         const ReductionTile &tile) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    Value row = layout.statisticsRow(k, tile.sample);
    return {{stats.getMean(), row}, {stats.getRstd(), row}};
  }

  SmallVector<Value> emitTerms(Operation *, KernelBody &k, ValueRange elements,
                               ValueRange rows) const {
    Value dy = elements[0];
    seg::PointwiseMath m = mathOf(k, dy);
    Value centred = m.sub(elements[1], rows[0]);
    return {dy, m.mul(dy, m.mul(centred, rows[1]))};
  }

  void emitChannelMerge(Operation *op, KernelBody &k, ChannelBlock &block,
                        const MomentLayout &layout) const;
  void emitGroupMerge(Operation *op, KernelBody &k, Value sample, Value group,
                      const MomentLayout &layout) const;
};

void NormGradStatsFormula::emitChannelMerge(Operation *op, KernelBody &k,
                                            ChannelBlock &block,
                                            const MomentLayout &layout) const {
  auto stats = cast<seg::NormGradStatsOp>(op);
  Value zero = toDouble(k, k.zeroVector(block.lanes)),
        gamma =
            toDouble(k, block.load(inputOf(k, stats.getGamma()), k.index(0)));
  seg::PointwiseMath m = mathOf(k, zero);
  Value meanGrad = outputOf(k, stats.getMeanGrad()),
        meanGradXhat = outputOf(k, stats.getMeanGradXhat());
  auto storeMeans = [&](Value sum, Value sumXhat, Value count, Value row) {
    Value factor = m.mul(
        gamma, k.splat(quotient(k, doubleConstant(k, 1), count), block.lanes));
    block.store(toFloat(k, m.mul(sum, factor)), meanGrad, row);
    block.store(toFloat(k, m.mul(sumXhat, factor)), meanGradXhat, row);
  };
  SmallVector<Value> totals = k.loop(
      k.index(0), k.batch(), 1, {zero, zero},
      [&](Value sample, ValueRange totals) {
        SmallVector<Value> sums = k.loop(
            k.index(0), k.index(layout.tiles), 1, {zero, zero},
            [&](Value tile, ValueRange merged) -> SmallVector<Value> {
              Value row = layout.tileRow(k, sample, tile);
              return {
                  m.add(merged[0], toDouble(k, block.load(k.sums(), row))),
                  m.add(merged[1],
                        toDouble(k, block.load(k.sums(),
                                               k.add(row, layout.channels))))};
            });
        if (layout.kind == NormKind::instance) {
          storeMeans(sums[0], sums[1], doubleConstant(k, layout.pixels),
                     k.mul(sample, layout.channels));
        } else if (layout.kind == NormKind::group) {
          Value row = layout.sampleRow(k, sample);
          block.store(toFloat(k, m.mul(sums[0], gamma)), k.sums(), row);
          block.store(toFloat(k, m.mul(sums[1], gamma)), k.sums(),
                      k.add(row, layout.channels));
        }
        return SmallVector<Value>{m.add(totals[0], sums[0]),
                                  m.add(totals[1], sums[1])};
      });
  if (layout.kind == NormKind::batch)
    storeMeans(totals[0], totals[1],
               indexToDouble(k, k.mul(k.batch(), layout.pixels)), k.index(0));
  block.store(toFloat(k, totals[1]), outputOf(k, stats.getGammaGrad()),
              k.index(0));
  block.store(toFloat(k, totals[0]), outputOf(k, stats.getBetaGrad()),
              k.index(0));
}

void NormGradStatsFormula::emitGroupMerge(Operation *op, KernelBody &k,
                                          Value sample, Value group,
                                          const MomentLayout &layout) const {
  auto stats = cast<seg::NormGradStatsOp>(op);
  int64_t size = layout.channels / layout.groups;
  Value first = k.mul(group, size);
  Value outputs[] = {outputOf(k, stats.getMeanGrad()),
                     outputOf(k, stats.getMeanGradXhat())};
  for (int64_t which = 0; which < 2; ++which) {
    if (!outputs[which])
      continue;
    Value row = k.add(layout.sampleRow(k, sample), which * layout.channels);
    Value sum = sumGroup(k, first, size, [&](Value c) {
      return loadDouble(k, k.sums(), k.add(row, c));
    });
    seg::PointwiseMath m = mathOf(k, sum);
    Value mean =
        toFloat(k, m.mul(sum, m.constant(1.0 / (size * layout.pixels))));
    k.loop(first, k.add(first, size), 1, [&](Value channel) {
      k.storeScalar(mean, outputs[which],
                    k.add(k.mul(sample, layout.channels), channel));
    });
  }
}

} // namespace

void segc::attachNormFormulas(MLIRContext *context) {
  seg::NormGradStatsOp::attachInterface<NormGradStatsFormula>(*context);
  seg::NormStatsOp::attachInterface<NormStatsFormula>(*context);
}
