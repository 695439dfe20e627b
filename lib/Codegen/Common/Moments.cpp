//===- Moments.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Moments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

MomentLayout::MomentLayout(RankedTensorType activation, seg::NormKind kind,
                           int64_t groups, int64_t tilePixels)
    : kind(kind), channels(seg::channels(activation)),
      pixels(seg::spatialSize(activation)), samples(activation.getDimSize(0)),
      tilePixels(tilePixels), tiles(llvm::divideCeilSigned(pixels, tilePixels)),
      groups(groups) {}

Value MomentLayout::tileRow(KernelBody &k, Value sample, Value tile) const {
  return k.mul(k.add(k.mul(sample, tiles), tile), 2 * channels);
}
Value MomentLayout::sampleRow(KernelBody &k, Value sample) const {
  return k.mul(k.add(sample, samples * tiles), 2 * channels);
}
Value MomentLayout::statisticsRow(KernelBody &k, Value sample) const {
  return kind == seg::NormKind::batch ? k.index(0) : k.mul(sample, channels);
}

SmallVector<Value> mergeMoments(KernelBody &k, ChannelBlock &block,
                                const MomentLayout &layout, Value first,
                                Value past) {
  Value zero = toDouble(k, k.zeroVector(block.lanes));
  int64_t lastPixels = layout.pixels - (layout.tiles - 1) * layout.tilePixels;
  Value full = doubleConstant(k, layout.tilePixels),
        last = doubleConstant(k, lastPixels);
  seg::PointwiseMath m(k.builder(), k.loc(), zero.getType()),
      scalars(k.builder(), k.loc(), full.getType());
  return k.loop(
      k.mul(first, layout.tiles), k.mul(past, layout.tiles), 1,
      {zero, zero, doubleConstant(k, 0)},
      [&](Value tile, ValueRange merged) -> SmallVector<Value> {
        Value row = k.mul(tile, 2 * layout.channels);
        Value mean = toDouble(k, block.load(k.temp(), row));
        Value squares =
            toDouble(k, block.load(k.temp(), k.add(row, layout.channels)));
        Value inner =
            k.less(k.rem(tile, layout.tiles), k.index(layout.tiles - 1));
        Value count = scalars.select(inner, full, last);
        Value total = scalars.add(merged[2], count);
        Value share = k.splat(scalars.div(count, total), block.lanes);
        Value delta = m.sub(mean, merged[0]);
        Value weight = m.mul(share, k.splat(merged[2], block.lanes));
        Value added = m.add(squares, m.mul(m.mul(delta, delta), weight));
        return {m.fma(delta, share, merged[0]), m.add(merged[1], added), total};
      });
}

Value reciprocalDeviation(KernelBody &k, Value squares, Value inverseCount,
                          double epsilon) {
  seg::PointwiseMath m(k.builder(), k.loc(), squares.getType());
  Value variance = m.mul(squares, inverseCount);
  return m.div(m.constant(1), m.sqrt(m.add(variance, m.constant(epsilon))));
}

void emitMergedMoments(KernelBody &k, ChannelBlock &block,
                       const MomentLayout &layout, double epsilon, Value mean,
                       Value rstd) {
  auto finish = [&](ArrayRef<Value> moments, Value row) {
    Value inverse =
        k.splat(arith::DivFOp::create(k.builder(), k.loc(),
                                      doubleConstant(k, 1), moments[2]),
                block.lanes);
    block.store(toFloat(k, moments[0]), mean, row);
    block.store(
        toFloat(k, reciprocalDeviation(k, moments[1], inverse, epsilon)), rstd,
        row);
  };
  if (layout.kind == seg::NormKind::batch)
    return finish(mergeMoments(k, block, layout, k.index(0), k.batch()),
                  k.index(0));
  k.loop(k.index(0), k.batch(), 1, [&](Value sample) {
    SmallVector<Value> moments =
        mergeMoments(k, block, layout, sample, k.add(sample, 1));
    if (layout.kind == seg::NormKind::instance)
      return finish(moments, k.mul(sample, layout.channels));
    Value row = layout.sampleRow(k, sample);
    block.store(toFloat(k, moments[0]), k.temp(), row);
    block.store(toFloat(k, moments[1]), k.temp(), k.add(row, layout.channels));
  });
}

} // namespace segc
