//===- ConvFilterGrad.cpp - Filter gradients of convolutions ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The gradient is a matrix of rows (tap, input channel) and columns (output
// channel), summed over pixels. Of a packed input row, the rows of all taps w
// of one pixel are contiguous. A task sums some taps and columns over its
// share of the tiles of all samples; the shares are fixed numbers, so that the
// sums do not depend on the number of threads.

#include "ConvEmitters.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <functional>

using namespace mlir;

namespace segc {
namespace {

class FilterGradEmitter {
public:
  FilterGradEmitter(const ConvProblem &problem, const FilterGradPlan &plan,
                    Operation *root, const CpuTarget &target)
      : problem(problem), plan(plan), root(root),
        multiplier(plan.products, target), wideLanes(target.lanes),
        taskTaps(plan.taskTaps(problem)), rows(plan.rows(problem)),
        direct(plan.isDirect(problem)) {}

  void sum(KernelBody &body);

  int64_t sumTasks() const {
    return plan.splits * plan.tap_groups * plan.groups;
  }
  int64_t scratchBytes() const {
    int64_t columns = divideUp(plan.channelBlocks(problem), plan.groups) *
                      plan.channelBlock();
    return roundUp(
        (gradientBase() + (plan.pack_grad ? plan.gradWords() * columns : 0)) *
            4,
        64);
  }

private:
  /// What is read as input (0) and as gradient (1).
  Value factor(unsigned i) const {
    return root->getOperand(plan.swapped ? 1 - i : i);
  }

  /// The sums of a task: element (row, column) is memref[base + row*pitch +
  /// column].
  struct Sums {
    Value memref, base;
    int64_t pitch;
  };
  /// A tile of one sample, with its input packed.
  struct Tile {
    Value sample;
    std::array<Value, 3> origin, extents;
    std::array<Value, 3> inputOrigin;
    TileView view;
  };
  /// The columns of one channel block: gradient vector v of the pixel
  /// (row, w) is memref[row + w*pitch + v*lanes]. Of pairs, `row` takes the
  /// number of the pair.
  struct Columns {
    Value channel;
    Value memref;
    int64_t pitch;
    SmallVector<Value> loadMasks, storeMasks; ///< Null ones for all lanes.
    std::function<Value(Value d, Value h)> row;
  };
  /// The rows of a register block: input values of a pixel lie at `input` plus
  /// the offsets; sums of tap w and offset i are row first + w*channels + i.
  struct Rows {
    Value first, input;
    SmallVector<int64_t> offsets;
    Value tapD, tapH;  ///< Within the task's taps.
    Value firstOffset; ///< Of the rows within their taps.
  };
  /// What the next tile will read while a row of this one is multiplied:
  /// element w*pitch from `row` on.
  struct Prefetch {
    Value memref, row;
    int64_t pitch;
  };

  Tile packTileOf(KernelBody &body, Value index, Value tapD, Value tapH);
  Value gradientRow(KernelBody &body, const Tile &tile, Value d, Value h);
  /// The first pixel of a row, or pair of rows, of the packed gradient.
  Value packedRow(KernelBody &body, Value d, Value h) {
    Value row = body.add(body.mul(d, wordsOf(plan.products, plan.tile[1])), h);
    return body.mul(row, plan.tile[2]);
  }
  SmallVector<Value> gradientVectors(KernelBody &body, const Columns &columns,
                                     Value row, Value w);
  void packGradient(KernelBody &body, const Tile &tile, Value firstBlock,
                    Value endBlock);
  Columns columnsOf(KernelBody &body, const Tile &tile, Value block,
                    Value firstBlock);
  void forRowBlocks(KernelBody &body, const Tile &tile, const Sums &sums,
                    const Columns &columns, const Rows &tap);
  void sweep(KernelBody &body, const Tile &tile, const Sums &sums,
             const Columns &columns, const Rows &block);
  SmallVector<Value> sweepRow(KernelBody &body, const Columns &columns,
                              const Rows &block, const TileView &view,
                              Value input, Value gradient, Value extent,
                              ArrayRef<Prefetch> ahead, ValueRange carried);
  SmallVector<Value>
  sweepRowSharingTaps(KernelBody &body, const Columns &columns,
                      const Rows &block, const TileView &view, Value input,
                      Value gradient, Value extent, ArrayRef<Prefetch> ahead,
                      ValueRange carried);
  SmallVector<Prefetch> prefetches(KernelBody &body, const Tile &tile,
                                   const Columns &columns, const Rows &block,
                                   Value d, Value h);
  void prefetch(KernelBody &body, ArrayRef<Prefetch> ahead, Value w);

  Value maskFor(KernelBody &body, Value channel) const {
    return channelMask(body, problem.outChannels, plan.channelBlock(), channel,
                       plan.lanes);
  }
  /// Positions from one output to the next in the packed tile.
  int64_t packedStride(unsigned d) const {
    return d < 2 && taskTaps[d] == 1 ? 1 : problem.strides[d];
  }
  int64_t gradientBase() const {
    return roundUp(plan.tileSize(problem), wideLanes);
  }
  int64_t allRows() const { return problem.taps[0] * problem.taps[1] * rows; }

  ConvProblem problem;
  FilterGradPlan plan;
  Operation *root;
  ProductEmitter multiplier;
  int64_t wideLanes;
  Dims taskTaps;
  int64_t rows;
  bool direct;
};

//===----------------------------------------------------------------------===//
// Summing
//===----------------------------------------------------------------------===//

void FilterGradEmitter::sum(KernelBody &body) {
  int64_t groupsH = problem.taps[1] / taskTaps[1];
  auto ids =
      body.delinearize(body.task(), {plan.splits, plan.tap_groups / groupsH,
                                     groupsH, plan.groups});
  Value zero = body.index(0), split = ids[0];
  Value firstD = taskTaps[0] == 1 ? ids[1] : zero,
        firstH = taskTaps[1] == 1 ? ids[2] : zero;
  Sums sums;
  sums.memref = direct ? body.output(0) : body.temp();
  sums.pitch = direct ? problem.outChannels : plan.columns(problem);
  sums.base = direct ? zero : body.mul(split, plan.partialSize(problem));

  int64_t blocks = plan.channelBlocks(problem),
          perGroup = divideUp(blocks, plan.groups);
  Value firstBlock = body.mul(ids[3], perGroup);
  Value endBlock = body.min(body.add(firstBlock, perGroup), body.index(blocks));
  auto forTaps = [&](llvm::function_ref<void(Value, Value)> each) {
    body.loop(zero, body.index(taskTaps[0]), 1, [&](Value d) {
      body.loop(zero, body.index(taskTaps[1]), 1, [&](Value h) { each(d, h); });
    });
  };
  auto rowOf = [&](Value d, Value h) {
    Value tap = body.add(body.mul(body.add(firstD, d), problem.taps[1]),
                         body.add(firstH, h));
    return body.mul(tap, rows);
  };

  forTaps([&](Value d, Value h) {
    Value first = rowOf(d, h);
    body.loop(first, body.add(first, rows), 1, [&](Value row) {
      body.loop(firstBlock, endBlock, 1, [&](Value block) {
        for (int64_t v = 0; v < plan.nb; ++v) {
          Value channel =
              body.add(body.mul(block, plan.channelBlock()), v * plan.lanes);
          body.store(
              body.zeroVector(plan.lanes), sums.memref,
              body.add(body.add(sums.base, body.mul(row, sums.pitch)), channel),
              direct ? maskFor(body, channel) : Value());
        }
      });
    });
  });

  Value tiles = body.mul(body.batch(), product(plan.tileCounts(problem)));
  Value firstTile = body.div(body.mul(split, tiles), plan.splits);
  Value endTile = body.div(body.mul(body.add(split, 1), tiles), plan.splits);
  body.loop(firstTile, endTile, 1, [&](Value index) {
    Tile tile = packTileOf(body, index, firstD, firstH);
    if (plan.pack_grad)
      packGradient(body, tile, firstBlock, endBlock);
    body.loop(firstBlock, endBlock, 1, [&](Value block) {
      Columns columns = columnsOf(body, tile, block, firstBlock);
      if (plan.mergesTaps(problem)) {
        for (int64_t row = 0; row < allRows(); row += plan.ur) {
          Rows rowBlock{body.index(row),       tile.view.base, {}, zero, zero,
                        body.index(row % rows)};
          for (int64_t i = row; i < std::min(row + plan.ur, allRows()); ++i)
            rowBlock.offsets.push_back(
                i / rows / taskTaps[1] * tile.view.planePitch +
                i / rows % taskTaps[1] * tile.view.rowPitch + i % rows);
          sweep(body, tile, sums, columns, rowBlock);
        }
        return;
      }
      forTaps([&](Value d, Value h) {
        Value input = body.add(
            body.add(tile.view.base, body.mul(d, tile.view.planePitch)),
            body.mul(h, tile.view.rowPitch));
        forRowBlocks(body, tile, sums, columns,
                     {rowOf(d, h), input, {}, d, h, zero});
      });
    });
  });
}

FilterGradEmitter::Tile FilterGradEmitter::packTileOf(KernelBody &body,
                                                      Value index, Value tapD,
                                                      Value tapH) {
  Dims counts = plan.tileCounts(problem);
  auto ids = body.delinearize(index, {1, counts[0], counts[1], counts[2]});
  Tile tile;
  tile.sample = ids[0];
  TileBox box;
  Value firstTap[] = {tapD, tapH, body.index(0)};
  for (unsigned d = 0; d < 3; ++d) {
    tile.origin[d] = body.mul(ids[1 + d], plan.tile[d]);
    tile.extents[d] =
        pieceExtent(body, problem.out[d], plan.tile[d], tile.origin[d]);
    box.origin[d] = body.add(
        body.add(body.mul(tile.origin[d], problem.strides[d]), firstTap[d]),
        body.index(-problem.low[d]));
    if (d < 2 && taskTaps[d] == 1) {
      // One tap sees every stride-th position only.
      box.steps[d] = problem.strides[d];
      box.extents[d] = tile.extents[d];
      box.largest[d] = plan.tile[d];
    } else {
      box.extents[d] =
          body.add(body.mul(body.sub(tile.extents[d], 1), problem.strides[d]),
                   problem.taps[d]);
      box.largest[d] = problem.window(d, plan.tile[d]);
    }
  }
  tile.inputOrigin = box.origin;
  tile.view =
      packTile(body, TileSource(factor(0)), problem.in, problem.inChannels,
               tile.sample, box, 0, wideLanes,
               multiplier.pairs()
                   ? TilePairs{TilePairs::Rows, &multiplier, packedStride(1)}
                   : TilePairs());
  return tile;
}

/// Copies the tile's gradient to scratch: [block][pixel][nb x lanes], or pixels
/// of pairs of rows.
void FilterGradEmitter::packGradient(KernelBody &body, const Tile &tile,
                                     Value firstBlock, Value endBlock) {
  Value gradient = inputOf(body, factor(1)), zero = body.index(0);
  body.loop(firstBlock, endBlock, 1, [&](Value block) {
    Value to = body.add(body.mul(body.sub(block, firstBlock),
                                 plan.gradWords() * plan.channelBlock()),
                        gradientBase());
    body.loop(zero, tile.extents[0], 1, [&](Value d) {
      body.loop(zero, tile.extents[1], 1, [&](Value h) {
        Value from = gradientRow(body, tile, d, h);
        Value row = packedRow(body, d, multiplier.word(body, h));
        body.loop(zero, tile.extents[2], 1, [&](Value w) {
          for (int64_t v = 0; v < plan.nb; ++v) {
            Value channel =
                body.add(body.mul(block, plan.channelBlock()), v * plan.lanes);
            Value source = body.add(
                body.mul(body.add(from, w), problem.outChannels), channel);
            Value target =
                body.add(to, body.mul(body.add(row, w), plan.channelBlock()));
            multiplier.storeAt(
                body,
                body.load(gradient, source, plan.lanes, maskFor(body, channel)),
                body.scratch(), body.add(target, v * plan.lanes), h);
          }
        });
      });
    });
  });
}

/// The pixel (n, d, h, first of the tile) of the gradient.
Value FilterGradEmitter::gradientRow(KernelBody &body, const Tile &tile,
                                     Value d, Value h) {
  Value plane = body.add(body.mul(tile.sample, problem.out[0]),
                         body.add(tile.origin[0], d));
  Value row =
      body.add(body.mul(plane, problem.out[1]), body.add(tile.origin[1], h));
  return body.add(body.mul(row, problem.out[2]), tile.origin[2]);
}

FilterGradEmitter::Columns FilterGradEmitter::columnsOf(KernelBody &body,
                                                        const Tile &tile,
                                                        Value block,
                                                        Value firstBlock) {
  Columns columns;
  columns.channel = body.mul(block, plan.channelBlock());
  for (int64_t v = 0; v < plan.nb; ++v) {
    Value mask = maskFor(body, body.add(columns.channel, v * plan.lanes));
    columns.loadMasks.push_back(plan.pack_grad ? Value() : mask);
    columns.storeMasks.push_back(direct ? mask : Value());
  }
  if (plan.pack_grad) {
    columns.memref = body.scratch();
    columns.pitch = plan.channelBlock();
    Value base = body.add(body.mul(body.sub(block, firstBlock),
                                   plan.gradWords() * plan.channelBlock()),
                          gradientBase());
    columns.row = [this, &body, base](Value d, Value h) {
      return body.add(base,
                      body.mul(packedRow(body, d, h), plan.channelBlock()));
    };
  } else {
    columns.memref = inputOf(body, factor(1));
    columns.pitch = problem.outChannels;
    columns.row = [this, &body, &tile, channel = columns.channel](Value d,
                                                                  Value h) {
      return body.add(
          body.mul(gradientRow(body, tile, d, h), problem.outChannels),
          channel);
    };
  }
  return columns;
}

/// All rows of one (d, h) tap.
void FilterGradEmitter::forRowBlocks(KernelBody &body, const Tile &tile,
                                     const Sums &sums, const Columns &columns,
                                     const Rows &tap) {
  int64_t count = plan.share_taps ? problem.inChannels : rows,
          whole = count - count % plan.ur;
  auto sweepAt = [&](Value first, int64_t size) {
    Rows block{body.add(tap.first, first),
               body.add(tap.input, first),
               {},
               tap.tapD,
               tap.tapH,
               first};
    llvm::append_range(block.offsets, llvm::seq<int64_t>(0, size));
    sweep(body, tile, sums, columns, block);
  };
  body.loop(body.index(0), body.index(whole), plan.ur,
            [&](Value first) { sweepAt(first, plan.ur); });
  if (whole != count)
    sweepAt(body.index(whole), count - whole);
}

/// Adds a tile's products to one register block of sums: [tap w][row][vector].
void FilterGradEmitter::sweep(KernelBody &body, const Tile &tile,
                              const Sums &sums, const Columns &columns,
                              const Rows &block) {
  Value zero = body.index(0);
  Value first = body.add(body.add(sums.base, body.mul(block.first, sums.pitch)),
                         columns.channel);
  SmallVector<Value> values;
  auto forSums = [&](llvm::function_ref<void(Value, Value)> each) {
    for (int64_t tap = 0; tap < (plan.share_taps ? problem.taps[2] : 1); ++tap)
      for (int64_t row = 0; row < static_cast<int64_t>(block.offsets.size());
           ++row)
        for (int64_t v = 0; v < plan.nb; ++v)
          each(body.add(first, (tap * problem.inChannels + row) * sums.pitch +
                                   v * plan.lanes),
               columns.storeMasks[v]);
  };
  forSums([&](Value at, Value mask) {
    values.push_back(body.load(sums.memref, at, plan.lanes, mask));
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
              if (plan.prefetch)
                for (int64_t row = 0; row < rowsOfWord; ++row)
                  ahead.append(prefetches(body, tile, columns, block, d,
                                          body.add(h, row)));
              if (plan.share_taps)
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

/// The next tile is the one to the right, or below if tiles are whole rows.
SmallVector<FilterGradEmitter::Prefetch>
FilterGradEmitter::prefetches(KernelBody &body, const Tile &tile,
                              const Columns &columns, const Rows &block,
                              Value d, Value h) {
  bool below = plan.tile[2] == problem.out[2];
  // Nothing outside the tensor is touched.
  auto clamp = [&](Value row, Value memref, int64_t length) {
    int64_t last = cast<MemRefType>(memref.getType()).getNumElements() - length;
    return body.max(body.min(row, body.index(last)), body.index(0));
  };
  SmallVector<Prefetch> result;
  int64_t pixelsAhead = below ? plan.tile[1] * problem.out[2] : plan.tile[2];
  Value gradient =
      body.add(body.mul(body.add(gradientRow(body, tile, d, h), pixelsAhead),
                        problem.outChannels),
               columns.channel);
  Value gradients = inputOf(body, factor(1));
  result.push_back(
      {gradients,
       clamp(gradient, gradients, plan.tile[2] * problem.outChannels),
       problem.outChannels});
  // What a prologue reads lies elsewhere.
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
  int64_t inputAhead = below ? plan.tile[1] * problem.strides[1] * problem.in[2]
                             : plan.tile[2] * problem.strides[2];
  Value position = body.add(
      body.add(body.mul(row, problem.in[2]), tile.inputOrigin[2]), inputAhead);
  int64_t pitch = problem.strides[2] * problem.inChannels;
  Value inputs = inputOf(body, factor(0));
  result.push_back({inputs,
                    clamp(body.add(body.mul(position, problem.inChannels),
                                   block.firstOffset),
                          inputs, plan.tile[2] * pitch),
                    pitch});
  return result;
}

void FilterGradEmitter::prefetch(KernelBody &body, ArrayRef<Prefetch> ahead,
                                 Value w) {
  for (const Prefetch &next : ahead)
    memref::PrefetchOp::create(
        body.builder(), body.loc(), next.memref,
        ValueRange{body.add(next.row, body.mul(w, next.pitch))},
        /*isWrite=*/false,
        /*localityHint=*/2, /*isDataCache=*/true);
}

SmallVector<Value> FilterGradEmitter::gradientVectors(KernelBody &body,
                                                      const Columns &columns,
                                                      Value row, Value w) {
  SmallVector<Value> vectors;
  Value pixel = body.add(row, body.mul(w, columns.pitch));
  for (int64_t v = 0; v < plan.nb; ++v)
    vectors.push_back(body.load(columns.memref, body.add(pixel, v * plan.lanes),
                                plan.lanes, columns.loadMasks[v]));
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
              body.loadScalar(view.memref, body.add(at, offset)), plan.lanes);
          for (int64_t v = 0; v < plan.nb; ++v) {
            Value &sum = sums[row * plan.nb + v];
            sum = multiplier.multiplyAdd(body, value, gradients[v], sum);
          }
        }
        return sums;
      });
}

/// The input position x meets the gradients of the pixels x - tap: the last
/// few of them are kept in registers. The first and last positions of a row
/// see some of the taps only.
SmallVector<Value> FilterGradEmitter::sweepRowSharingTaps(
    KernelBody &body, const Columns &columns, const Rows &block,
    const TileView &view, Value input, Value gradient, Value extent,
    ArrayRef<Prefetch> ahead, ValueRange carried) {
  int64_t taps = problem.taps[2], rowCount = block.offsets.size();
  // Taps [from, to) at position x; window[tap] holds the gradients of x - tap.
  auto position = [&](SmallVector<Value> &sums,
                      ArrayRef<SmallVector<Value>> window, Value x,
                      int64_t from, int64_t to) {
    Value at = body.add(input, body.mul(x, problem.inChannels));
    for (int64_t row = 0; row < rowCount; ++row) {
      Value value = body.splat(
          body.loadScalar(view.memref, body.add(at, block.offsets[row])),
          plan.lanes);
      for (int64_t tap = from; tap < to; ++tap)
        for (int64_t v = 0; v < plan.nb; ++v) {
          Value &sum = sums[(tap * rowCount + row) * plan.nb + v];
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
  // Carried: the sums, then window[0], window[1], ... of the position before.
  for (const SmallVector<Value> &vectors : window)
    llvm::append_range(state, vectors);
  auto windowOf = [&](ArrayRef<Value> values) {
    SmallVector<SmallVector<Value>> result;
    for (int64_t i = 0; i + 1 < taps; ++i)
      result.emplace_back(values.slice(sumCount + i * plan.nb, plan.nb));
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

} // namespace

LogicalResult emitConvFilterGrad(FusionEmitter &emitter, Operation *root) {
  ConvProblem whole = filterGradProblem(root);
  FailureOr<FilterGradPlan> plan = readFilterGradPlan(emitter, whole, root);
  if (failed(plan))
    return failure();
  ConvProblem problem = plan->seen(whole);
  FilterGradEmitter gradient(problem, *plan, root, emitter.getTarget());
  emitter.launch({gradient.sumTasks(), 0}, gradient.scratchBytes(),
                 [&](KernelBody &body) { gradient.sum(body); });
  if (!plan->isDirect(problem))
    emitFilterGradMerge(emitter, problem, *plan);
  return success();
}

} // namespace segc
