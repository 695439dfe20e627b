//===- FilterGradSweep.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The inner loops of direct filter gradients: one register block over the
// pixels of a tile.

#include "FilterGrad/FilterGradEmitter.h"

using namespace mlir;

namespace segc {

/// Adds a tile's products to one register block of sums: [tap w][row][vector].
void FilterGradEmitter::sweep(KernelBody &body, const Tile &tile,
                              const Sums &sums, const Columns &columns,
                              const Rows &block) {
  Value zero = body.index(0);
  Value first = body.add(body.add(sums.base, body.mul(block.first, sums.pitch)),
                         columns.channel);
  SmallVector<Value> values;
  auto forSums = [&](llvm::function_ref<void(Value, Value)> each) {
    for (int64_t tap = 0; tap < (tiling.share_taps ? problem.taps[2] : 1);
         ++tap)
      for (int64_t row = 0; row < static_cast<int64_t>(block.offsets.size());
           ++row)
        for (int64_t v = 0; v < tiling.nb; ++v)
          each(body.add(first, (tap * problem.inChannels + row) * sums.pitch +
                                   v * tiling.lanes),
               columns.storeMasks[v]);
  };
  forSums([&](Value at, Value mask) {
    values.push_back(body.load(sums.memref, at, tiling.lanes, mask));
  });
  values = body.loop(
      zero, tile.extents[0], 1, values, [&](Value d, ValueRange carried) {
        return body.loop(
            zero, multiplier.words(body, tile.extents[1]), 1, carried,
            [&](Value word, ValueRange carried) {
              int64_t rowsOfWord = multiplier.pairs() ? 2 : 1;
              Value h = body.mul(word, rowsOfWord);
              Value input = body.add(
                  body.add(block.input,
                           body.mul(d, packedStride(0) * tile.view.planePitch)),
                  body.mul(h, packedStride(1) * tile.view.rowPitch));
              Value gradient = columns.row(d, word);
              SmallVector<Prefetch> ahead;
              if (tiling.prefetch)
                for (int64_t row = 0; row < rowsOfWord; ++row)
                  ahead.append(prefetches(body, tile, columns, block, d,
                                          body.add(h, row)));
              if (tiling.share_taps)
                return sweepRowSharingTaps(body, columns, block, tile.view,
                                           input, gradient, tile.extents[2],
                                           ahead, carried);
              return sweepRow(body, columns, block, tile.view, input, gradient,
                              tile.extents[2], ahead, carried);
            });
      });
  int64_t next = 0;
  forSums([&](Value at, Value mask) {
    body.store(values[next++], sums.memref, at, mask);
  });
}

/// Returns the memory of the next tile to prefetch. The next tile is the one to
/// the right, or below if tiles are whole rows.
SmallVector<FilterGradEmitter::Prefetch>
FilterGradEmitter::prefetches(KernelBody &body, const Tile &tile,
                              const Columns &columns, const Rows &block,
                              Value d, Value h) {
  bool below = tiling.tile[2] == problem.out[2];
  // Prefetches stay inside the tensor.
  auto clamp = [&](Value row, Value memref, int64_t length) {
    int64_t last = cast<MemRefType>(memref.getType()).getNumElements() - length;
    return body.max(body.min(row, body.index(last)), body.index(0));
  };
  SmallVector<Prefetch> result;
  int64_t pixelsAhead =
      below ? tiling.tile[1] * problem.out[2] : tiling.tile[2];
  Value gradient =
      body.add(body.mul(body.add(gradientRow(body, tile, d, h), pixelsAhead),
                        problem.outChannels),
               columns.channel);
  Value gradients = inputOf(body, factor(1));
  result.push_back(
      {gradients,
       clamp(gradient, gradients, tiling.tile[2] * problem.outChannels),
       problem.outChannels});
  // A prologue reads other tensors, for which these addresses do not hold.
  if (!TileSource(factor(0)).isInput())
    return result;

  auto inputAt = [&](unsigned dim, Value at, Value tap) {
    Value step = body.mul(at, problem.strides[dim]);
    return body.add(body.add(tile.inputOrigin[dim], step), tap);
  };
  Value plane =
      body.add(body.mul(tile.sample, problem.in[0]), inputAt(0, d, block.tapD));
  Value row =
      body.add(body.mul(plane, problem.in[1]), inputAt(1, h, block.tapH));
  int64_t inputAhead = below
                           ? tiling.tile[1] * problem.strides[1] * problem.in[2]
                           : tiling.tile[2] * problem.strides[2];
  Value position = body.add(
      body.add(body.mul(row, problem.in[2]), tile.inputOrigin[2]), inputAhead);
  int64_t pitch = problem.strides[2] * problem.inChannels;
  Value inputs = inputOf(body, factor(0));
  result.push_back({inputs,
                    clamp(body.add(body.mul(position, problem.inChannels),
                                   block.firstOffset),
                          inputs, tiling.tile[2] * pitch),
                    pitch});
  return result;
}

void FilterGradEmitter::prefetch(KernelBody &body, ArrayRef<Prefetch> ahead,
                                 Value w) {
  for (const Prefetch &next : ahead)
    body.prefetch(next.memref, body.add(next.row, body.mul(w, next.pitch)),
                  /*locality=*/2);
}

SmallVector<Value> FilterGradEmitter::gradientVectors(KernelBody &body,
                                                      const Columns &columns,
                                                      Value row, Value w) {
  SmallVector<Value> vectors;
  Value pixel = body.add(row, body.mul(w, columns.pitch));
  for (int64_t v = 0; v < tiling.nb; ++v)
    vectors.push_back(body.load(columns.memref,
                                body.add(pixel, v * tiling.lanes), tiling.lanes,
                                columns.loadMasks[v]));
  return vectors;
}

SmallVector<Value>
FilterGradEmitter::sweepRow(KernelBody &body, const Columns &columns,
                            const Rows &block, const TileView &view,
                            Value input, Value gradient, Value extent,
                            ArrayRef<Prefetch> ahead, ValueRange carried) {
  return multiplier.sum(
      body, extent, 1, 1, carried, [&](Value w, ValueRange carried) {
        prefetch(body, ahead, w);
        SmallVector<Value> sums(carried),
            gradients = gradientVectors(body, columns, gradient, w);
        Value at = body.add(
            input, body.mul(w, problem.strides[2] * problem.inChannels));
        for (auto [row, offset] : llvm::enumerate(block.offsets)) {
          Value value = body.splat(
              body.loadScalar(view.memref, body.add(at, offset)), tiling.lanes);
          for (int64_t v = 0; v < tiling.nb; ++v) {
            Value &sum = sums[row * tiling.nb + v];
            sum = multiplier.multiplyAdd(body, value, gradients[v], sum);
          }
        }
        return sums;
      });
}

/// Multiplies the input position x with the gradients of the pixels x - tap,
/// which are kept in registers from one position to the next. The first and
/// last positions of a row have only some of the taps.
SmallVector<Value> FilterGradEmitter::sweepRowSharingTaps(
    KernelBody &body, const Columns &columns, const Rows &block,
    const TileView &view, Value input, Value gradient, Value extent,
    ArrayRef<Prefetch> ahead, ValueRange carried) {
  int64_t taps = problem.taps[2], rowCount = block.offsets.size();
  // Emits the taps [from, to) at position x; window[tap] holds the gradients of
  // x - tap.
  auto position = [&](SmallVector<Value> &sums,
                      ArrayRef<SmallVector<Value>> window, Value x,
                      int64_t from, int64_t to) {
    Value at = body.add(input, body.mul(x, problem.inChannels));
    for (int64_t row = 0; row < rowCount; ++row) {
      Value value = body.splat(
          body.loadScalar(view.memref, body.add(at, block.offsets[row])),
          tiling.lanes);
      for (int64_t tap = from; tap < to; ++tap)
        for (int64_t v = 0; v < tiling.nb; ++v) {
          Value &sum = sums[(tap * rowCount + row) * tiling.nb + v];
          sum = multiplier.multiplyAdd(body, value, window[tap][v], sum);
        }
    }
  };
  SmallVector<Value> state(carried);
  size_t sumCount = state.size();
  SmallVector<SmallVector<Value>> window;
  for (int64_t x = 0; x + 1 < taps; ++x) {
    window.insert(window.begin(),
                  gradientVectors(body, columns, gradient, body.index(x)));
    position(state, window, body.index(x), 0, x + 1);
  }
  // The loop carries the sums, then window[0], window[1], ... of the previous
  // position.
  for (const SmallVector<Value> &vectors : window)
    llvm::append_range(state, vectors);
  auto windowOf = [&](ArrayRef<Value> values) {
    SmallVector<SmallVector<Value>> result;
    for (int64_t i = 0; i + 1 < taps; ++i)
      result.emplace_back(values.slice(sumCount + i * tiling.nb, tiling.nb));
    return result;
  };
  state = body.loop(
      body.index(taps - 1), extent, 1, state, [&](Value x, ValueRange carried) {
        prefetch(body, ahead, x);
        SmallVector<Value> values(carried);
        SmallVector<SmallVector<Value>> window = windowOf(values);
        window.insert(window.begin(),
                      gradientVectors(body, columns, gradient, x));
        values.truncate(sumCount);
        position(values, window, x, 0, taps);
        for (int64_t i = 0; i + 1 < taps; ++i)
          llvm::append_range(values, window[i]);
        return values;
      });
  window = windowOf(state);
  state.truncate(sumCount);
  for (int64_t past = 0; past + 1 < taps; ++past) {
    window.insert(window.begin(), SmallVector<Value>());
    position(state, window, body.add(extent, past), past + 1, taps);
  }
  return state;
}

} // namespace segc
