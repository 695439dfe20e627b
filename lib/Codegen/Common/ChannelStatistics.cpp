//===- ChannelStatistics.cpp - Statistics of samples and channels ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Augmentation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/AugmentEntry.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace segc {

StatisticsPasses::StatisticsPasses(seg::ChannelStatisticsOp op,
                                   int64_t tileVoxels)
    : input(op.getInput()), intensities(op.getIntensities()),
      output(op.getOutput()), step(op.getStep()), tileVoxels(tileVoxels) {
  RankedTensorType type = op.getInput().getType();
  samples = type.getDimSize(0);
  voxels = seg::spatialSize(type);
  channels = seg::channels(type);
}

Value StatisticsPasses::isDrawn(KernelBody &k, Value sample,
                                Value channel) const {
  Value row = k.add(k.mul(sample, channels), channel);
  Value number = k.loadScalar(
      inputOf(k, intensities),
      k.add(k.mul(row, augment::intensityNumbers), numberOfStep(step)));
  return asksForStep(k, step, number);
}

StatisticsPasses::Sums StatisticsPasses::emitMerged(KernelBody &k, ValueRange a,
                                                    ValueRange b) {
  seg::PointwiseMath d = doubles(k);
  return {d.add(a[0], b[0]), d.add(a[1], b[1]), d.min(a[2], b[2]),
          d.max(a[3], b[3])};
}

Value StatisticsPasses::tileEnd(KernelBody &k, Value tile) const {
  return k.min(k.index(tileVoxels),
               k.sub(k.index(voxels), k.mul(tile, tileVoxels)));
}

Value StatisticsPasses::tilePlace(KernelBody &k, Value sample, Value tile,
                                  Value channel) const {
  Value row = k.add(k.mul(sample, getTiles()), tile);
  return k.mul(k.add(k.mul(row, channels), channel), sumCount);
}

StatisticsPasses::Sums
StatisticsPasses::emitLoop(KernelBody &k, Value isDrawn, Value first, Value end,
                           int64_t step,
                           llvm::function_ref<Sums(Value)> body) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value zero = doubleConstant(k, 0);
  Value last =
      arith::SelectOp::create(k.builder(), k.loc(), isDrawn, end, k.index(0));
  return k.loop(
      first, last, step,
      {zero, zero, doubleConstant(k, infinity), doubleConstant(k, -infinity)},
      [&](Value i, ValueRange sums) { return emitMerged(k, sums, body(i)); });
}

StatisticsPasses::Sums
StatisticsPasses::emitTileSums(KernelBody &k, Value sample, Value tile,
                               Value channel, Value first, int64_t step) const {
  Value begin = k.add(k.mul(sample, voxels), k.mul(tile, tileVoxels));
  return emitLoop(k, isDrawn(k, sample, channel), first, tileEnd(k, tile), step,
                  [&](Value voxel) -> Sums {
                    Value value = loadDouble(
                        k, inputOf(k, input),
                        k.add(k.mul(k.add(begin, voxel), channels), channel));
                    return {value, doubles(k).mul(value, value), value, value};
                  });
}

void StatisticsPasses::emitStoreTile(KernelBody &k, Value sample, Value tile,
                                     Value channel, ValueRange sums) const {
  // Squares about the mean of the tile, which f32 holds well.
  seg::PointwiseMath d = doubles(k);
  Value mean = d.div(sums[0], indexToDouble(k, tileEnd(k, tile)));
  Value squares =
      d.max(d.sub(sums[1], d.mul(sums[0], mean)), doubleConstant(k, 0));
  Value place = tilePlace(k, sample, tile, channel);
  const Value values[] = {mean, squares, sums[2], sums[3]};
  for (auto [i, value] : llvm::enumerate(values))
    k.storeScalar(toFloat(k, value), k.temp(),
                  k.add(place, static_cast<int64_t>(i)));
}

StatisticsPasses::Sums
StatisticsPasses::emitSampleSums(KernelBody &k, Value sample, Value channel,
                                 Value first, int64_t step) const {
  seg::PointwiseMath d = doubles(k);
  return emitLoop(k, isDrawn(k, sample, channel), first, k.index(getTiles()),
                  step, [&](Value tile) -> Sums {
                    Value place = tilePlace(k, sample, tile, channel);
                    auto load = [&](int64_t i) {
                      return loadDouble(k, k.temp(), k.add(place, i));
                    };
                    Value mean = load(0);
                    Value sum = d.mul(mean, indexToDouble(k, tileEnd(k, tile)));
                    return {sum, d.fma(sum, mean, load(1)), load(2), load(3)};
                  });
}

void StatisticsPasses::emitStoreResults(KernelBody &k, Value sample,
                                        Value channel, ValueRange sums) const {
  seg::PointwiseMath d = doubles(k);
  auto count = static_cast<double>(voxels);
  Value zero = doubleConstant(k, 0);
  Value mean = d.div(sums[0], doubleConstant(k, count));
  Value squares = d.max(d.sub(sums[1], d.mul(sums[0], mean)), zero);
  Value variance = d.div(squares, doubleConstant(k, std::max(count - 1, 1.0)));
  Value place =
      k.mul(k.add(k.mul(sample, channels), channel), seg::statistic::count);
  Value drawn = isDrawn(k, sample, channel);
  for (auto [number, value] : {std::pair(seg::statistic::mean, mean),
                               {seg::statistic::deviation, d.sqrt(variance)},
                               {seg::statistic::low, sums[2]},
                               {seg::statistic::high, sums[3]}})
    k.storeScalar(toFloat(k, d.select(drawn, value, zero)), outputOf(k, output),
                  k.add(place, number));
}

} // namespace segc
