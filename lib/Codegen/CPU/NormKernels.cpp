//===- NormKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics of normalisations and the sums of their gradients: a launch over
// tiles of pixels, one that merges tiles in order (a vector of channels a
// task), and for group norm one that merges the channels of a group.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "segc/Codegen/Common/Moments.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;
using seg::NormKind;

namespace {

/// How a norm op's input is cut.
template <typename OpTy>
MomentLayout layoutOf(OpTy op) {
  RankedTensorType type = op.getInput().getType();
  return {type, op.getKind(), static_cast<int64_t>(op.getGroups()),
          std::max<int64_t>(1, taskElements / seg::channels(type))};
}

/// The channels of this task of a merging launch.
ChannelBlock taskBlock(KernelBody &k, int64_t channels, int64_t lanes) {
  Value first = k.mul(k.task(), lanes);
  return {k, first, lanes,
          k.prefixMask(k.sub(k.index(channels), first), lanes)};
}

/// Arithmetic on f64 scalars or vectors.
seg::PointwiseMath mathOf(KernelBody &k, Value like) {
  return {k.builder(), k.loc(), like.getType()};
}
Value quotient(KernelBody &k, Value a, Value b) {
  return arith::DivFOp::create(k.builder(), k.loc(), a, b);
}

//===----------------------------------------------------------------------===//
// norm_stats
//===----------------------------------------------------------------------===//

/// Mean and sum of squared deviations of each tile. Values are shifted by the
/// tile's first pixel, so that a large mean does not cancel.
void emitTileMoments(FusionEmitter &emitter, seg::NormStatsOp op,
                     const MomentLayout &layout) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch(
      {0, layout.tiles}, ChannelWalk::scratchBytes(2, lanes),
      [&](KernelBody &k) {
        Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
        Value base = k.mul(tile.sample, layout.pixels),
              begin = k.add(base, tile.begin), end = k.add(base, tile.end);
        Value shiftRow = k.mul(begin, layout.channels),
              row = layout.tileRow(k, tile.sample, tile.index);
        Value input = inputOf(k, op.getInput());
        ChannelWalk walk(k, layout.channels, lanes);
        Value count = indexToDouble(k, k.sub(tile.end, tile.begin));
        Value inverse = k.splat(
            toFloat(k, quotient(k, doubleConstant(k, 1), count)), lanes);
        walk.sum(
            begin, end, 2,
            [&](const ChannelWalk::Slot &slot) {
              return ChannelWalk::Values{
                  walk.perChannel(input, shiftRow, slot)};
            },
            [&](const ChannelWalk::Visit &visit) {
              seg::PointwiseMath m = mathOf(k, inverse);
              Value shifted =
                  m.sub(k.load(input, visit.index, lanes, visit.mask),
                        visit.hoisted[0]);
              return ChannelWalk::Values{shifted, m.mul(shifted, shifted)};
            },
            [&](Value channel, Value mask, ArrayRef<Value> sums) {
              seg::PointwiseMath m = mathOf(k, inverse);
              Value delta = m.mul(sums[0], inverse);
              Value shift =
                  k.load(input, k.add(shiftRow, channel), lanes, mask);
              Value squares =
                  m.max(m.sub(sums[1], m.mul(delta, sums[0])), m.constant(0));
              k.store(m.add(shift, delta), k.temp(), k.add(row, channel), mask);
              k.store(squares, k.temp(),
                      k.add(k.add(row, layout.channels), channel), mask);
            });
      });
}

void emitMerge(FusionEmitter &emitter, seg::NormStatsOp op,
               const MomentLayout &layout) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch({llvm::divideCeilSigned(layout.channels, lanes), 0}, 0,
                 [&](KernelBody &k) {
                   ChannelBlock block = taskBlock(k, layout.channels, lanes);
                   emitMergedMoments(
                       k, block, layout, op.getEpsilon().convertToDouble(),
                       outputOf(k, op.getMean()), outputOf(k, op.getRstd()));
                 });
}

Value loadDouble(KernelBody &k, Value memref, Value index) {
  return toDouble(k, k.loadScalar(memref, index));
}

/// Sums `term(channel)` over the channels of a group, in f64.
Value sumGroup(KernelBody &k, Value first, int64_t size,
               llvm::function_ref<Value(Value)> term) {
  return k.loop(first, k.add(first, size), 1, {doubleConstant(k, 0)},
                [&](Value channel, ValueRange sum) -> SmallVector<Value> {
                  return {arith::AddFOp::create(k.builder(), k.loc(), sum[0],
                                                term(channel))};
                })[0];
}

/// The statistics of a group are those of its channels' equally many pixels.
void emitGroupMoments(FusionEmitter &emitter, seg::NormStatsOp op,
                      const MomentLayout &layout) {
  int64_t size = layout.channels / layout.groups;
  emitter.launch({0, layout.groups}, 0, [&](KernelBody &k) {
    Value sample = k.div(k.task(), layout.groups),
          first = k.mul(k.rem(k.task(), layout.groups), size);
    Value row = layout.sampleRow(k, sample);
    Value sum = sumGroup(k, first, size, [&](Value c) {
      return loadDouble(k, k.temp(), k.add(row, c));
    });
    seg::PointwiseMath m = mathOf(k, sum);
    Value mean = m.mul(sum, m.constant(1.0 / size));
    Value squares = sumGroup(k, first, size, [&](Value c) {
      Value delta = m.sub(loadDouble(k, k.temp(), k.add(row, c)), mean);
      Value within =
          loadDouble(k, k.temp(), k.add(k.add(row, layout.channels), c));
      return m.add(within,
                   m.mul(m.mul(delta, delta), m.constant(layout.pixels)));
    });
    Value rstd = reciprocalDeviation(k, squares,
                                     m.constant(1.0 / (size * layout.pixels)),
                                     op.getEpsilon().convertToDouble());
    k.loop(first, k.add(first, size), 1, [&](Value channel) {
      Value index = k.add(k.mul(sample, layout.channels), channel);
      if (Value memref = outputOf(k, op.getMean()))
        k.storeScalar(toFloat(k, mean), memref, index);
      if (Value memref = outputOf(k, op.getRstd()))
        k.storeScalar(toFloat(k, rstd), memref, index);
    });
  });
}

struct NormStatsKernel
    : CpuKernelOpInterface::ExternalModel<NormStatsKernel, seg::NormStatsOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "norm_stats",
                         layoutOf(cast<seg::NormStatsOp>(op)).tempBytes());
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto stats = cast<seg::NormStatsOp>(op);
    MomentLayout layout = layoutOf(stats);
    emitTileMoments(emitter, stats, layout);
    emitMerge(emitter, stats, layout);
    if (layout.kind == NormKind::group)
      emitGroupMoments(emitter, stats, layout);
    return success();
  }
  double flopsPerSample(Operation *op) const {
    return 4.0 *
           cast<seg::NormStatsOp>(op).getInput().getType().getNumElements() /
           layoutOf(cast<seg::NormStatsOp>(op)).samples;
  }
};

//===----------------------------------------------------------------------===//
// norm_grad_stats
//===----------------------------------------------------------------------===//

/// sum(grad) and sum(grad * xhat) of each tile.
void emitTileGradSums(FusionEmitter &emitter, seg::NormGradStatsOp op,
                      const MomentLayout &layout) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch(
      {0, layout.tiles}, ChannelWalk::scratchBytes(2, lanes),
      [&](KernelBody &k) {
        Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
        Value base = k.mul(tile.sample, layout.pixels),
              row = layout.tileRow(k, tile.sample, tile.index);
        Value input = inputOf(k, op.getInput()),
              grad = inputOf(k, op.getGrad());
        Value mean = inputOf(k, op.getMean()), rstd = inputOf(k, op.getRstd());
        Value statistics = layout.statisticsRow(k, tile.sample);
        ChannelWalk walk(k, layout.channels, lanes);
        walk.sum(
            k.add(base, tile.begin), k.add(base, tile.end), 2,
            [&](const ChannelWalk::Slot &slot) {
              return ChannelWalk::Values{
                  walk.perChannel(mean, statistics, slot),
                  walk.perChannel(rstd, statistics, slot)};
            },
            [&](const ChannelWalk::Visit &visit) {
              Value dy = k.load(grad, visit.index, lanes, visit.mask);
              seg::PointwiseMath m = mathOf(k, dy);
              Value centred =
                  m.sub(k.load(input, visit.index, lanes, visit.mask),
                        visit.hoisted[0]);
              return ChannelWalk::Values{
                  dy, m.mul(dy, m.mul(centred, visit.hoisted[1]))};
            },
            [&](Value channel, Value mask, ArrayRef<Value> sums) {
              k.store(sums[0], k.temp(), k.add(row, channel), mask);
              k.store(sums[1], k.temp(),
                      k.add(k.add(row, layout.channels), channel), mask);
            });
      });
}

void emitMergedGradSums(FusionEmitter &emitter, seg::NormGradStatsOp op,
                        const MomentLayout &layout) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch(
      {llvm::divideCeilSigned(layout.channels, lanes), 0}, 0,
      [&](KernelBody &k) {
        ChannelBlock block = taskBlock(k, layout.channels, lanes);
        Value zero = toDouble(k, k.zeroVector(lanes)),
              gamma = toDouble(
                  k, block.load(inputOf(k, op.getGamma()), k.index(0)));
        seg::PointwiseMath m = mathOf(k, zero);
        Value meanGrad = outputOf(k, op.getMeanGrad()),
              meanGradXhat = outputOf(k, op.getMeanGradXhat());
        auto storeMeans = [&](Value sum, Value sumXhat, Value count,
                              Value row) {
          Value factor = m.mul(
              gamma, k.splat(quotient(k, doubleConstant(k, 1), count), lanes));
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
                        m.add(merged[0],
                              toDouble(k, block.load(k.temp(), row))),
                        m.add(merged[1],
                              toDouble(
                                  k, block.load(k.temp(),
                                                k.add(row, layout.channels))))};
                  });
              if (layout.kind == NormKind::instance) {
                storeMeans(sums[0], sums[1], doubleConstant(k, layout.pixels),
                           k.mul(sample, layout.channels));
              } else if (layout.kind == NormKind::group) {
                Value row = layout.sampleRow(k, sample);
                block.store(toFloat(k, m.mul(sums[0], gamma)), k.temp(), row);
                block.store(toFloat(k, m.mul(sums[1], gamma)), k.temp(),
                            k.add(row, layout.channels));
              }
              return SmallVector<Value>{m.add(totals[0], sums[0]),
                                        m.add(totals[1], sums[1])};
            });
        if (layout.kind == NormKind::batch)
          storeMeans(totals[0], totals[1],
                     indexToDouble(k, k.mul(k.batch(), layout.pixels)),
                     k.index(0));
        block.store(toFloat(k, totals[1]), outputOf(k, op.getGammaGrad()),
                    k.index(0));
        block.store(toFloat(k, totals[0]), outputOf(k, op.getBetaGrad()),
                    k.index(0));
      });
}

void emitGroupGradSums(FusionEmitter &emitter, seg::NormGradStatsOp op,
                       const MomentLayout &layout) {
  int64_t size = layout.channels / layout.groups;
  emitter.launch({0, layout.groups}, 0, [&](KernelBody &k) {
    Value sample = k.div(k.task(), layout.groups),
          first = k.mul(k.rem(k.task(), layout.groups), size);
    Value outputs[] = {outputOf(k, op.getMeanGrad()),
                       outputOf(k, op.getMeanGradXhat())};
    for (int64_t which = 0; which < 2; ++which) {
      if (!outputs[which])
        continue;
      Value row = k.add(layout.sampleRow(k, sample), which * layout.channels);
      Value sum = sumGroup(k, first, size, [&](Value c) {
        return loadDouble(k, k.temp(), k.add(row, c));
      });
      seg::PointwiseMath m = mathOf(k, sum);
      Value mean =
          toFloat(k, m.mul(sum, m.constant(1.0 / (size * layout.pixels))));
      k.loop(first, k.add(first, size), 1, [&](Value channel) {
        k.storeScalar(mean, outputs[which],
                      k.add(k.mul(sample, layout.channels), channel));
      });
    }
  });
}

struct NormGradStatsKernel
    : CpuKernelOpInterface::ExternalModel<NormGradStatsKernel,
                                          seg::NormGradStatsOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "norm_grad_stats",
                         layoutOf(cast<seg::NormGradStatsOp>(op)).tempBytes());
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    MomentLayout layout = layoutOf(stats);
    emitTileGradSums(emitter, stats, layout);
    emitMergedGradSums(emitter, stats, layout);
    if (layout.kind == NormKind::group)
      emitGroupGradSums(emitter, stats, layout);
    return success();
  }
  double flopsPerSample(Operation *op) const {
    MomentLayout layout = layoutOf(cast<seg::NormGradStatsOp>(op));
    return 5.0 * layout.pixels * layout.channels;
  }
};

} // namespace

void segc::registerNormCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::NormGradStatsOp::attachInterface<NormGradStatsKernel>(*context);
    seg::NormStatsOp::attachInterface<NormStatsKernel>(*context);
  });
}
