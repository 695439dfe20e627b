//===- PixelReductions.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/PixelReductions.h"
#include "Reductions/TileReductions.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

PixelReductions::PixelReductions(seg::FusionOp fusion, const TileGrid &grid)
    : size(grid.size) {
  for (auto op : fusion.getBody().getOps<PixelReductionOpInterface>()) {
    reduced =
        cast<seg::EpilogueReductionOpInterface>(op.getOperation()).getReduced();
    auto type = cast<RankedTensorType>(reduced.getType());
    PixelSums sums{type.getDimSize(0), product(size), grid.tiles(),
                   op.getSumCount(), floats()};
    reductions.push_back({op, sums});
  }
}

int64_t PixelReductions::floats() const {
  int64_t floats = 0;
  for (const Reduction &reduction : reductions)
    floats += roundUp(reduction.sums.floats(), 16);
  return floats;
}

int64_t PixelReductions::sumCount() const {
  int64_t count = 0;
  for (const Reduction &reduction : reductions)
    count += reduction.sums.count;
  return count;
}

int64_t PixelReductions::channels() const {
  return seg::channels(cast<RankedTensorType>(reduced.getType()));
}

int64_t PixelReductions::scratchBytes(int64_t lanes) const {
  if (reductions.empty() || PixelChannels::isUnrolled(channels()))
    return 0;
  return PixelChannels::scratchBytes(channels(), lanes, buffers) +
         sumCount() * lanes * 4;
}

PixelVector PixelReductions::load(KernelBody &k, Value pixel, Value count,
                                  Value mask, int64_t lanes) {
  return {loadPixels(k, memoryOf(k, reduced), pixel, channels(), lanes, count),
          pixel, mask};
}

void PixelReductions::addTerms(KernelBody &k, Reduction &reduction,
                               PixelVector &pixels, PixelTerms &terms) {
  pixels.loadLabels(k, reduction.op.getPixelLabels());
  reduction.op.emitTerms(k, pixels,
                         [&](int64_t first, Channel channel, Value term) {
                           terms.add(k, first, channel, term);
                         });
}

/// Adds the terms of the pixels [begin, end) to the sums of all reductions.
SmallVector<Value> PixelReductions::addRow(KernelBody &k, Value begin,
                                           Value end, int64_t lanes,
                                           ValueRange sums) {
  return addPixelVectors(
      k, begin, end, lanes, sums, [&](Value pixel, Value count, Value mask) {
        PixelVector pixels = load(k, pixel, count, mask, lanes);
        SmallVector<Value> all;
        for (Reduction &reduction : reductions) {
          PixelTerms terms(reduction.sums.count);
          addTerms(k, reduction, pixels, terms);
          llvm::append_range(all, terms.take());
        }
        return all;
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

/// Sums the pixels of a tile with the sums in scratch, after the buffers.
void PixelReductions::sumInScratch(KernelBody &k, const Tile &tile, Value base,
                                   int64_t lanes) {
  int64_t first = buffers * channels() * lanes;
  Value zero = k.index(0);
  k.loop(zero, k.index(sumCount()), 1, [&](Value i) {
    k.store(k.zeroVector(lanes), k.scratch(), k.add(k.mul(i, lanes), first));
  });
  forPixelVectors(k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
                  [&](Value pixel, Value count, Value mask) {
                    PixelVector pixels = load(k, pixel, count, mask, lanes);
                    int64_t at = first;
                    for (Reduction &reduction : reductions) {
                      PixelTerms terms(at, mask);
                      addTerms(k, reduction, pixels, terms);
                      at += reduction.sums.count * lanes;
                    }
                  });
  for (const Reduction &reduction : reductions) {
    Value row = reduction.sums.tileRow(k, tile.sample, tile.index);
    k.loop(zero, k.index(reduction.sums.count), 1, [&](Value i) {
      Value sum = k.load(k.scratch(), k.add(k.mul(i, lanes), first), lanes);
      k.storeScalar(sumLanes(k, sum), k.sums(), k.add(row, i));
    });
    first += reduction.sums.count * lanes;
  }
}

void PixelReductions::sumPixels(KernelBody &k, const Tile &tile,
                                int64_t lanes) {
  if (reductions.empty())
    return;
  Value base = k.mul(tile.sample, product(size));
  if (!PixelChannels::isUnrolled(channels()))
    return sumInScratch(k, tile, base, lanes);
  SmallVector<Value> none(sumCount(), k.zeroVector(lanes));
  store(k, tile.sample, tile.index,
        addRow(k, k.add(base, tile.begin), k.add(base, tile.end), lanes, none));
}

void PixelReductions::sumBox(KernelBody &k, const OutputBox &box,
                             int64_t lanes) {
  if (reductions.empty())
    return;
  assert(PixelChannels::isUnrolled(channels()) &&
         "a convolution's scratch has no room for the sums");
  Value zero = k.index(0);
  auto addPlane = [&](Value d, ValueRange sums) {
    return k.loop(zero, box.extents[1], 1, sums, [&](Value h, ValueRange sums) {
      Value row = box.pixel(k, size, d, h);
      return addRow(k, row, k.add(row, box.extents[2]), lanes, sums);
    });
  };
  SmallVector<Value> none(sumCount(), k.zeroVector(lanes));
  store(k, box.sample, box.number,
        k.loop(zero, box.extents[0], 1, none, addPlane));
}

void PixelReductions::emitMerges(FusionEmitter &emitter) {
  for (Reduction &reduction : reductions)
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      reduction.op.emitMerge(k, reduction.sums);
    });
}

} // namespace segc
