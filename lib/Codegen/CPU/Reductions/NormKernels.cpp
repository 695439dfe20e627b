//===- NormKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Statistics of normalisations and the sums of their gradients: what a tile of
// pixels adds to them, a launch that merges tiles in order (a vector of
// channels a task), and for group norm one that merges the channels of a group.

#include "Reductions/TileReductions.h"

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

template <typename OpTy>
MomentLayout layoutOf(OpTy op, const TileGrid &grid, int64_t base) {
  return {op.getInput().getType(), op.getKind(),
          static_cast<int64_t>(op.getGroups()), grid, base};
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

void emitMergedStats(FusionEmitter &emitter, seg::NormStatsOp op,
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

/// A root of its own, or what follows one.
template <typename OpTy>
struct ReductionKernel
    : CpuKernelOpInterface::ExternalModel<ReductionKernel<OpTy>, OpTy> {
  DictionaryAttr selectCpuStrategy(Operation *, seg::FusionOp fusion,
                                   const CpuStrategyContext &) const {
    return reductionStrategy(fusion);
  }
  LogicalResult emitCpuKernel(Operation *, FusionEmitter &emitter) const {
    return emitReductionFusion(emitter);
  }
  bool hasCpuReductions(Operation *) const { return true; }
  double flopsPerSample(Operation *op) const {
    RankedTensorType type = cast<OpTy>(op).getInput().getType();
    constexpr double each = std::is_same_v<OpTy, seg::NormStatsOp> ? 4 : 5;
    return each * type.getNumElements() / type.getDimSize(0);
  }
};

/// Mean and sum of squared deviations of each tile. Values are shifted by the
/// tile's first pixel, so that a large mean does not cancel.
struct NormStatsReduction
    : CpuReductionOpInterface::ExternalModel<NormStatsReduction,
                                             seg::NormStatsOp> {
  MomentLayout momentLayout(Operation *op, const TileGrid &grid,
                            int64_t base) const {
    return layoutOf(cast<seg::NormStatsOp>(op), grid, base);
  }
  unsigned sumCount(Operation *) const { return 2; }

  SmallVector<Value>
  hoist(Operation *op, KernelBody &k, const MomentLayout &,
        const ReductionTile &tile,
        llvm::function_ref<Value(Value, Value)> perChannel) const {
    return {perChannel(memoryOf(k, cast<seg::NormStatsOp>(op).getInput()),
                       tile.first)};
  }

  SmallVector<Value> terms(Operation *op, KernelBody &k, Value index,
                           int64_t lanes, Value mask,
                           ValueRange hoisted) const {
    Value input = memoryOf(k, cast<seg::NormStatsOp>(op).getInput());
    seg::PointwiseMath m = mathOf(k, hoisted[0]);
    Value shifted = m.sub(k.load(input, index, lanes, mask), hoisted[0]);
    return {shifted, m.mul(shifted, shifted)};
  }

  SmallVector<Value> finish(Operation *, KernelBody &k,
                            const ReductionTile &tile, ValueRange sums,
                            ValueRange hoisted) const {
    seg::PointwiseMath m = mathOf(k, sums[0]);
    Value inverse = toFloat(
        k, quotient(k, doubleConstant(k, 1), indexToDouble(k, tile.pixels)));
    int64_t lanes = cast<VectorType>(sums[0].getType()).getNumElements();
    Value delta = m.mul(sums[0], k.splat(inverse, lanes));
    return {m.add(hoisted[0], delta),
            m.max(m.sub(sums[1], m.mul(delta, sums[0])), m.constant(0))};
  }

  void emitMerge(Operation *op, FusionEmitter &emitter,
                 const MomentLayout &layout) const {
    auto stats = cast<seg::NormStatsOp>(op);
    emitMergedStats(emitter, stats, layout);
    if (layout.kind == NormKind::group)
      emitGroupMoments(emitter, stats, layout);
  }
};

//===----------------------------------------------------------------------===//
// norm_grad_stats
//===----------------------------------------------------------------------===//

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
                              toDouble(k, block.load(k.sums(), row))),
                        m.add(merged[1],
                              toDouble(
                                  k, block.load(k.sums(),
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
  });
}

/// sum(grad) and sum(grad * xhat) of each tile.
struct NormGradStatsReduction
    : CpuReductionOpInterface::ExternalModel<NormGradStatsReduction,
                                             seg::NormGradStatsOp> {
  MomentLayout momentLayout(Operation *op, const TileGrid &grid,
                            int64_t base) const {
    return layoutOf(cast<seg::NormGradStatsOp>(op), grid, base);
  }
  unsigned sumCount(Operation *) const { return 2; }

  SmallVector<Value>
  hoist(Operation *op, KernelBody &k, const MomentLayout &layout,
        const ReductionTile &tile,
        llvm::function_ref<Value(Value, Value)> perChannel) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    Value row = layout.statisticsRow(k, tile.sample);
    return {perChannel(inputOf(k, stats.getMean()), row),
            perChannel(inputOf(k, stats.getRstd()), row)};
  }

  SmallVector<Value> terms(Operation *op, KernelBody &k, Value index,
                           int64_t lanes, Value mask,
                           ValueRange hoisted) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    Value dy = k.load(memoryOf(k, stats.getGrad()), index, lanes, mask);
    seg::PointwiseMath m = mathOf(k, dy);
    Value centred = m.sub(
        k.load(memoryOf(k, stats.getInput()), index, lanes, mask), hoisted[0]);
    return {dy, m.mul(dy, m.mul(centred, hoisted[1]))};
  }

  void emitMerge(Operation *op, FusionEmitter &emitter,
                 const MomentLayout &layout) const {
    auto stats = cast<seg::NormGradStatsOp>(op);
    emitMergedGradSums(emitter, stats, layout);
    if (layout.kind == NormKind::group)
      emitGroupGradSums(emitter, stats, layout);
  }
};

} // namespace

void segc::registerNormCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::NormGradStatsOp::attachInterface<ReductionKernel<seg::NormGradStatsOp>,
                                          NormGradStatsReduction>(*context);
    seg::NormStatsOp::attachInterface<ReductionKernel<seg::NormStatsOp>,
                                      NormStatsReduction>(*context);
  });
}
