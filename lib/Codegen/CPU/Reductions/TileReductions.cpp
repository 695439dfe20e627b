//===- TileReductions.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileReductions.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

Value OutputBox::pixel(KernelBody &k, const Dims &size, Value d,
                       Value h) const {
  Value plane =
      k.add(k.mul(sample, size[0]), k.add(first[0], k.mul(d, step[0])));
  Value row = k.add(k.mul(plane, size[1]), k.add(first[1], k.mul(h, step[1])));
  return k.add(k.mul(row, size[2]), first[2]);
}

TileReductions::TileReductions(seg::FusionOp fusion, const TileGrid &grid)
    : pixels(fusion, grid), floats(pixels.floats()) {
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>()) {
    reductions.push_back({op, op.getMomentLayout(grid, floats)});
    floats += roundUp(reductions.back().layout.floats(), 16);
  }
}

int64_t TileReductions::scratchBytes(int64_t lanes) const {
  unsigned maxSums = 0;
  for (const Reduction &reduction : reductions)
    maxSums = std::max(maxSums,
                       ChannelReductionOpInterface(reduction.op).getSumCount());
  return std::max(ChannelWalk::scratchBytes(maxSums, lanes),
                  pixels.scratchBytes(lanes));
}

void TileReductions::store(KernelBody &k, const Reduction &reduction,
                           const ReductionTile &tile, Value channel, Value mask,
                           ValueRange rows) {
  const MomentLayout &layout = reduction.layout;
  Value row = k.add(layout.tileRow(k, tile.sample, tile.number), channel);
  for (auto [i, values] : llvm::enumerate(rows))
    k.store(values, k.sums(),
            k.add(row, static_cast<int64_t>(i) * layout.channels), mask);
}

/// Loads the values of each channel that the terms of a tile need.
static SmallVector<Value>
loadRows(KernelBody &k, TileReductions::Reduction &reduction,
         const ReductionTile &tile,
         llvm::function_ref<Value(Value memref, Value row)> load) {
  SmallVector<Value> values;
  for (auto [operand, row] :
       reduction.op.getChannelRows(k, reduction.layout, tile))
    values.push_back(load(memoryOf(k, operand), row));
  return values;
}

/// Emits the terms of the vector of elements at `index`.
static SmallVector<Value> termsAt(KernelBody &k,
                                  TileReductions::Reduction &reduction,
                                  Value index, int64_t lanes, Value mask,
                                  ValueRange rows) {
  SmallVector<Value> elements;
  for (Value operand : reduction.op.getTermOperands())
    elements.push_back(k.load(memoryOf(k, operand), index, lanes, mask));
  return reduction.op.emitTerms(k, elements, rows);
}

void TileReductions::sumPixels(KernelBody &k, const Tile &tile, int64_t lanes) {
  for (Reduction &reduction : reductions) {
    const MomentLayout &layout = reduction.layout;
    ChannelReductionOpInterface op = reduction.op;
    Value base = k.mul(tile.sample, layout.pixels),
          begin = k.add(base, tile.begin), end = k.add(base, tile.end);
    ReductionTile own{tile.sample, tile.index, k.mul(begin, layout.channels),
                      k.sub(tile.end, tile.begin)};
    ChannelWalk walk(k, layout.channels, lanes);
    walk.sum(
        begin, end, op.getSumCount(),
        [&](const ChannelWalk::Slot &slot) {
          return loadRows(k, reduction, own, [&](Value memref, Value row) {
            return walk.perChannel(memref, row, slot);
          });
        },
        [&](const ChannelWalk::Visit &visit) {
          return termsAt(k, reduction, visit.index, lanes, visit.mask,
                         visit.hoisted);
        },
        [&](Value channel, Value mask, ArrayRef<Value> sums) {
          auto rows = loadRows(k, reduction, own, [&](Value memref, Value row) {
            return k.load(memref, k.add(row, channel), lanes, mask);
          });
          store(k, reduction, own, channel, mask,
                op.emitFinish(k, own, sums, rows));
        });
  }
  pixels.sumPixels(k, tile, lanes);
}

void TileReductions::sumBox(KernelBody &k, const OutputBox &box,
                            int64_t lanes) {
  for (Reduction &reduction : reductions)
    sumBox(k, reduction, box, lanes);
  pixels.sumBox(k, box, lanes);
}

/// Processes several pixels at a time, so that additions need not wait for each
/// other.
void TileReductions::sumBox(KernelBody &k, Reduction &reduction,
                            const OutputBox &box, int64_t lanes) {
  constexpr int64_t inFlight = 4;
  const MomentLayout &layout = reduction.layout;
  ChannelReductionOpInterface op = reduction.op;
  auto pixelAt = [&](Value d, Value h) {
    return box.pixel(k, layout.grid.size, d, h);
  };
  Value zero = k.index(0), width = box.extents[2];
  ReductionTile tile{
      box.sample, box.number, k.mul(pixelAt(zero, zero), layout.channels),
      k.mul(k.mul(box.extents[0], box.extents[1]), box.extents[2])};
  unsigned count = op.getSumCount();
  Value wide = k.mul(k.div(width, inFlight), inFlight);
  Value end = k.min(box.endChannel, k.index(layout.channels));
  k.loop(box.firstChannel, end, lanes, [&](Value channel) {
    Value mask = channelMask(k, layout.channels, lanes, channel, lanes);
    auto rows = loadRows(k, reduction, tile, [&](Value memref, Value row) {
      return k.load(memref, k.add(row, channel), lanes, mask);
    });
    auto visit = [&](Value row, Value w, int64_t pixels, ValueRange carried) {
      SmallVector<Value> sums(carried);
      for (int64_t p = 0; p < pixels; ++p) {
        Value pixel = k.add(row, k.mul(k.add(w, p), box.step[2]));
        Value index = k.add(k.mul(pixel, layout.channels), channel);
        for (auto [i, term] :
             llvm::enumerate(termsAt(k, reduction, index, lanes, mask, rows))) {
          Value &sum = sums[p * count + i];
          sum = arith::AddFOp::create(k.builder(), k.loc(), sum, term);
        }
      }
      return sums;
    };
    SmallVector<Value> sums(inFlight * count, k.zeroVector(lanes));
    sums =
        k.loop(zero, box.extents[0], 1, sums, [&](Value d, ValueRange carried) {
          return k.loop(zero, box.extents[1], 1, carried,
                        [&](Value h, ValueRange carried) {
                          Value row = pixelAt(d, h);
                          SmallVector<Value> sums =
                              k.loop(zero, wide, inFlight, carried,
                                     [&](Value w, ValueRange carried) {
                                       return visit(row, w, inFlight, carried);
                                     });
                          return k.loop(wide, width, 1, sums,
                                        [&](Value w, ValueRange carried) {
                                          return visit(row, w, 1, carried);
                                        });
                        });
        });
    for (int64_t p = 1; p < inFlight; ++p)
      for (unsigned i = 0; i < count; ++i)
        sums[i] = arith::AddFOp::create(k.builder(), k.loc(), sums[i],
                                        sums[p * count + i]);
    sums.truncate(count);
    store(k, reduction, tile, channel, mask,
          op.emitFinish(k, tile, sums, rows));
  });
}

/// Emits the merges: each task of the first launch merges a vector of channels,
/// each task of the second a group of a sample.
void TileReductions::emitMerge(FusionEmitter &emitter, Reduction &reduction) {
  const MomentLayout &layout = reduction.layout;
  int64_t lanes = cpuTarget(emitter).lanes;
  emitter.launch({divideUp(layout.channels, lanes), 0}, 0, [&](KernelBody &k) {
    Value first = k.mul(k.task(), lanes);
    ChannelBlock block(
        k, first, lanes,
        k.prefixMask(k.sub(k.index(layout.channels), first), lanes));
    reduction.op.emitChannelMerge(k, block, layout);
  });
  if (layout.kind == seg::NormKind::group)
    emitter.launch({0, layout.groups}, 0, [&](KernelBody &k) {
      Value sample = k.div(k.task(), layout.groups),
            group = k.rem(k.task(), layout.groups);
      reduction.op.emitGroupMerge(k, sample, group, layout);
    });
}

void TileReductions::emitMerges(FusionEmitter &emitter) {
  for (Reduction &reduction : reductions)
    emitMerge(emitter, reduction);
  pixels.emitMerges(emitter);
}

} // namespace segc
