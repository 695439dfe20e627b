//===- ConvTile.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/Common/PrologueReader.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

Value isInside(KernelBody &body, Value value, int64_t size) {
  // As unsigned integers, negative values are larger than any size.
  return body.builder().createOrFold<arith::CmpIOp>(
      body.loc(), arith::CmpIPredicate::ult, value, body.index(size));
}

Value channelMask(KernelBody &body, int64_t channels, int64_t blockSize,
                  Value first, int64_t lanes) {
  if (channels % blockSize == 0)
    return Value();
  return body.prefixMask(body.sub(body.index(channels), first), lanes);
}

static Value select(KernelBody &body, Value condition, Value a, Value b) {
  return body.builder().createOrFold<arith::SelectOp>(body.loc(), condition, a,
                                                      b);
}

RowPacker::RowPacker(KernelBody &body, const TileSource &source,
                     const Dims &size, int64_t channels, Value sample,
                     const TileBox &box, int64_t lanes)
    : body(body), source(source), size(size), channels(channels), lanes(lanes),
      sample(sample), origin(box.origin[2]), width(box.extents[2]) {
  Value zero = body.index(0);
  left = body.min(body.max(body.sub(zero, origin), zero), width);
  right =
      body.max(body.min(body.sub(body.index(size[2]), origin), width), left);
}

void RowPacker::forVectors(Value from, Value to,
                           llvm::function_ref<void(Value, Value)> each) {
  // A pixel's channels are a multiple of the lanes, so no vector is masked.
  if (channels % lanes == 0) {
    body.loop(from, to, lanes, [&](Value i) { each(i, Value()); });
    return;
  }
  Value rest = body.rem(body.sub(to, from), lanes), end = body.sub(to, rest);
  body.loop(from, end, lanes, [&](Value i) { each(i, Value()); });
  body.ifThen(body.less(end, to),
              [&] { each(end, body.prefixMask(rest, lanes)); });
}

void RowPacker::pack(ArrayRef<Line> lines, Value inside,
                     llvm::function_ref<Value(ArrayRef<Value>)> combine,
                     llvm::function_ref<void(Value, Value, Value)> put) {
  Value first = select(body, inside, left, width),
        last = select(body, inside, right, width);
  Value begin = body.mul(first, channels), end = body.mul(last, channels);
  auto zeros = [&](Value i, Value mask) {
    put(body.zeroVector(lanes), i, mask);
  };
  forVectors(body.index(0), begin, zeros);
  if (source.isInput()) {
    SmallVector<Value> from, ahead;
    auto rowAt = [&](Value d, Value h) {
      Value plane = body.add(body.mul(sample, size[0]), d);
      Value row = body.add(body.mul(plane, size[1]), h);
      return body.mul(body.add(body.mul(row, size[2]), origin), channels);
    };
    for (const Line &line : lines) {
      from.push_back(rowAt(line.d, line.h));
      ahead.push_back(rowAt(line.d, nextRow(body, line.h, size[1])));
    }
    Value memref = source.memref(body);
    forVectors(begin, end, [&](Value i, Value mask) {
      SmallVector<Value> values;
      for (auto [line, row, next] : llvm::zip_equal(lines, from, ahead)) {
        body.prefetch(memref, body.add(next, i), /*locality=*/3);
        values.push_back(TileSource::zeroOutside(
            body, line, body.load(memref, body.add(row, i), lanes, mask)));
      }
      put(combine(values), i, mask);
    });
  } else {
    source.emitRows(body, sample, lines, origin, first, last, lanes,
                    [&](ArrayRef<Value> values, Value i, Value mask) {
                      put(combine(values), i, mask);
                    });
  }
  forVectors(end, body.mul(width, channels), zeros);
}

/// Stores `values` at `element` of the row `h`, which begins at the word `to`.
static void storePacked(KernelBody &body, const TileView &view,
                        const TilePairs &pairs, Value values, Value h, Value to,
                        Value element, Value mask) {
  assert((!mask || pairs.kind == TilePairs::None) &&
         "pairs are stored by whole vectors");
  switch (pairs.kind) {
  case TilePairs::None:
    return body.store(values, view.memref, body.add(to, element), mask);
  case TilePairs::Channels:
    return pairs.multiplier->storeNeighbours(
        body, values, view.memref,
        body.add(to, pairs.multiplier->word(body, element)));
  case TilePairs::Rows:
    Value word = body.add(to, element);
    pairs.multiplier->storeAt(body, values, view.memref, word, body.index(0));
    // The row `rowDistance` above already has the first half of its words.
    body.ifThen(body.less(body.index(pairs.rowDistance - 1), h), [&] {
      pairs.multiplier->storeAt(
          body, values, view.memref,
          body.sub(word, pairs.rowDistance * view.rowPitch), body.index(1));
    });
  }
}

TileView packTile(KernelBody &body, const TileSource &source, const Dims &size,
                  int64_t channels, Value sample, const TileBox &box,
                  int64_t base, int64_t lanes, const TilePairs &pairs) {
  TileView view;
  view.memref = body.scratch();
  view.base = body.index(base);
  view.rowPitch = box.largest[2] * channels;
  if (pairs.kind == TilePairs::Channels)
    view.rowPitch /= pairs.multiplier->valuesPerWord();
  view.planePitch = box.largest[1] * view.rowPitch;
  RowPacker packer(body, source, size, channels, sample, box, lanes);
  Value zero = body.index(0);
  body.loop(zero, box.extents[0], 1, [&](Value d) {
    Value sourceD = body.add(box.origin[0], body.mul(d, box.steps[0]));
    Value planeInside = isInside(body, sourceD, size[0]);
    body.loop(zero, box.extents[1], 1, [&](Value h) {
      Value sourceH = body.add(box.origin[1], body.mul(h, box.steps[1]));
      Value inside = body.both(planeInside, isInside(body, sourceH, size[1]));
      Value to = body.add(body.add(view.base, body.mul(d, view.planePitch)),
                          body.mul(h, view.rowPitch));
      packer.pack(
          {{sourceD, sourceH, Value()}}, inside,
          [](ArrayRef<Value> values) { return values[0]; },
          [&](Value values, Value i, Value mask) {
            storePacked(body, view, pairs, values, h, to, i, mask);
          });
    });
  });
  return view;
}

TileView tileInPlace(KernelBody &body, Value source, const Dims &size,
                     int64_t channels, Value sample, const TileBox &box) {
  TileView view;
  view.memref = source;
  view.rowPitch = size[2] * channels;
  view.planePitch = size[1] * view.rowPitch;
  Value row = body.add(
      body.mul(body.add(body.mul(sample, size[0]), box.origin[0]), size[1]),
      box.origin[1]);
  view.base =
      body.mul(body.add(body.mul(row, size[2]), box.origin[2]), channels);
  return view;
}

TileView readTile(KernelBody &body, const TileSource &source, bool inPlace,
                  const Dims &size, int64_t channels, Value sample,
                  const TileBox &box, int64_t lanes, const TilePairs &pairs) {
  return inPlace ? tileInPlace(body, source.memref(body), size, channels,
                               sample, box)
                 : packTile(body, source, size, channels, sample, box, 0, lanes,
                            pairs);
}

SmallVector<Value> transposeSquare(KernelBody &body, ArrayRef<Value> rows) {
  SmallVector<Value> current(rows);
  int64_t lanes = rows.size();
  // Each step swaps the off-diagonal quarters of squares of twice the size.
  for (int64_t half = 1; half < lanes; half *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool second = lane & half;
      low.push_back(second ? lanes + lane - half : lane);
      high.push_back(second ? lanes + lane : lane + half);
    }
    SmallVector<Value> next(current.size());
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & half)
        continue;
      next[i] = vector::ShuffleOp::create(body.builder(), body.loc(),
                                          current[i], current[i + half], low);
      next[i + half] = vector::ShuffleOp::create(
          body.builder(), body.loc(), current[i], current[i + half], high);
    }
    current = std::move(next);
  }
  return current;
}

} // namespace segc
