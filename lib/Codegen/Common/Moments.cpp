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

Dims TileGrid::space() const { return divideUp(size, phases); }

int64_t TileGrid::tiles() const {
  return product(divideUp(space(), tile)) * product(phases);
}

Value TileGrid::pixels(KernelBody &k, Value number) const {
  Dims counts = divideUp(space(), tile);
  auto ids = k.delinearize(k.div(number, product(phases)), counts);
  Value pixels = k.index(1);
  for (unsigned d = 0; d < 3; ++d)
    pixels = k.mul(pixels,
                   pieceExtent(k, space()[d], tile[d], k.mul(ids[d], tile[d])));
  return pixels;
}

MomentLayout::MomentLayout(RankedTensorType activation, seg::NormKind kind,
                           int64_t groups, const TileGrid &grid, int64_t base)
    : kind(kind), grid(grid), channels(seg::channels(activation)),
      pixels(product(grid.size)),
      samples(activation.getRank() > 1 ? activation.getDimSize(0) : 1),
      tiles(grid.tiles()), groups(groups), base(base),
      batched(activation.getRank() > 1) {}

Value MomentLayout::tileRow(KernelBody &k, Value sample, Value tile) const {
  return k.add(k.mul(k.add(k.mul(sample, tiles), tile), 2 * channels), base);
}
Value MomentLayout::sampleRow(KernelBody &k, Value sample) const {
  return k.add(k.mul(k.add(sample, samples * tiles), 2 * channels), base);
}
Value MomentLayout::statisticsRow(KernelBody &k, Value sample) const {
  return kind == seg::NormKind::batch ? k.index(0) : k.mul(sample, channels);
}

SmallVector<Value> addParts(KernelBody &k, ValueRange part, ValueRange other) {
  SmallVector<Value> sums;
  for (auto [a, b] : llvm::zip_equal(part, other))
    sums.push_back(arith::AddFOp::create(k.builder(), k.loc(), a, b));
  return sums;
}

SmallVector<Value> mergeMoments(KernelBody &k, ValueRange part,
                                ValueRange other) {
  Type type = part[0].getType();
  seg::PointwiseMath m(k.builder(), k.loc(), type), scalars = doubles(k);
  Value total = scalars.add(part[2], other[2]);
  Value share = k.broadcast(scalars.div(other[2], total), type);
  Value delta = m.sub(other[0], part[0]);
  Value weight = m.mul(share, k.broadcast(part[2], type));
  Value added = m.add(other[1], m.mul(m.mul(delta, delta), weight));
  return {m.fma(delta, share, part[0]), m.add(part[1], added), total};
}

SmallVector<Value> loadPart(KernelBody &k, ChannelBlock &block,
                            const MomentLayout &layout, unsigned rows,
                            Value tile) {
  Value first = layout.tileRow(k, k.index(0), tile);
  SmallVector<Value> part;
  for (unsigned row = 0; row < rows; ++row)
    part.push_back(
        toDouble(k, block.load(k.sums(), k.add(first, row * layout.channels))));
  part.push_back(
      indexToDouble(k, layout.grid.pixels(k, k.rem(tile, layout.tiles))));
  return part;
}

SmallVector<Value> mergeMoments(KernelBody &k, ChannelBlock &block,
                                const MomentLayout &layout, Value first,
                                Value past) {
  Value zero = toDouble(k, k.zeroVector(block.lanes)),
        none = doubleConstant(k, 0);
  return k.loop(k.mul(first, layout.tiles), k.mul(past, layout.tiles), 1,
                {zero, zero, none}, [&](Value tile, ValueRange merged) {
                  return mergeMoments(
                      k, merged, loadPart(k, block, layout, /*rows=*/2, tile));
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
    block.store(toFloat(k, moments[0]), k.sums(), row);
    block.store(toFloat(k, moments[1]), k.sums(), k.add(row, layout.channels));
  });
}

} // namespace segc
