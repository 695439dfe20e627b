//===- PixelReductions.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PixelReductions.h"
#include "TileReductions.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

Value PixelSums::tileRow(KernelBody &k, Value sample, Value tile) const {
  return k.add(k.mul(k.add(k.mul(sample, tiles), tile), count), base);
}
Value PixelSums::sampleRow(KernelBody &k, Value sample) const {
  return k.add(k.mul(k.add(sample, samples * tiles), count), base);
}

PixelReductions::PixelReductions(seg::FusionOp fusion, const TileGrid &grid)
    : size(grid.size) {
  for (auto op : fusion.getBody().getOps<CpuPixelReductionOpInterface>()) {
    reduced =
        cast<seg::EpilogueReductionOpInterface>(op.getOperation()).getReduced();
    auto type = cast<RankedTensorType>(reduced.getType());
    PixelSums sums{type.getDimSize(0), product(size), grid.tiles(),
                   op.sumCount(), floats()};
    reductions.push_back({op, sums});
  }
}

int64_t PixelReductions::floats() const {
  int64_t floats = 0;
  for (const Reduction &reduction : reductions)
    floats += roundUp(reduction.sums.floats(), 16);
  return floats;
}

SmallVector<Value> PixelReductions::noSums(KernelBody &k, int64_t lanes) const {
  int64_t count = 0;
  for (const Reduction &reduction : reductions)
    count += reduction.sums.count;
  return SmallVector<Value>(count, k.zeroVector(lanes));
}

/// Adds the pixels [begin, end) to the sums of all reductions.
SmallVector<Value> PixelReductions::addRow(KernelBody &k, Value begin,
                                           Value end, int64_t lanes,
                                           ValueRange sums) {
  int64_t channels = seg::channels(cast<RankedTensorType>(reduced.getType()));
  Value memref = memoryOf(k, reduced);
  return addPixelVectors(
      k, begin, end, lanes, sums, [&](Value pixel, Value count, Value mask) {
        PixelVector pixels{loadPixels(k, memref, pixel, channels, lanes, count),
                           pixel, mask};
        SmallVector<Value> terms;
        for (Reduction &reduction : reductions)
          llvm::append_range(terms, reduction.op.terms(k, pixels));
        return terms;
      });
}

void PixelReductions::store(KernelBody &k, Value sample, Value tile,
                            ValueRange sums) {
  for (const Reduction &reduction : reductions) {
    int64_t count = reduction.sums.count;
    Value row = reduction.sums.tileRow(k, sample, tile);
    for (auto [i, sum] : llvm::enumerate(sums.take_front(count)))
      k.storeScalar(sumLanes(k, sum), k.sums(), k.add(row, i));
    sums = sums.drop_front(count);
  }
}

void PixelReductions::sumPixels(KernelBody &k, const Tile &tile,
                                int64_t lanes) {
  if (reductions.empty())
    return;
  Value base = k.mul(tile.sample, product(size));
  store(k, tile.sample, tile.index,
        addRow(k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
               noSums(k, lanes)));
}

void PixelReductions::sumBox(KernelBody &k, const OutputBox &box,
                             int64_t lanes) {
  if (reductions.empty())
    return;
  Value zero = k.index(0);
  auto addPlane = [&](Value d, ValueRange sums) {
    return k.loop(zero, box.extents[1], 1, sums, [&](Value h, ValueRange sums) {
      Value row = box.pixel(k, size, d, h);
      return addRow(k, row, k.add(row, box.extents[2]), lanes, sums);
    });
  };
  store(k, box.sample, box.number,
        k.loop(zero, box.extents[0], 1, noSums(k, lanes), addPlane));
}

void PixelReductions::emitMerges(FusionEmitter &emitter) {
  for (Reduction &reduction : reductions)
    reduction.op.emitMerge(emitter, reduction.sums);
}

} // namespace segc
