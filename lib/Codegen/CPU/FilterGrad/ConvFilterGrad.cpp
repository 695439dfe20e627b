//===- ConvFilterGrad.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/ConvEmitters.h"
#include "FilterGrad/FilterGradEmitter.h"

using namespace mlir;

namespace segc {

void FilterGradEmitter::sum(KernelBody &body) {
  int64_t groupsH = problem.taps[1] / taskTaps[1];
  auto ids =
      body.delinearize(body.task(), {tiling.splits, tiling.tap_groups / groupsH,
                                     groupsH, tiling.groups});
  Value zero = body.index(0), split = ids[0];
  Value firstD = taskTaps[0] == 1 ? ids[1] : zero,
        firstH = taskTaps[1] == 1 ? ids[2] : zero;
  Sums sums;
  sums.memref = direct ? body.output(0) : body.temp();
  sums.pitch = direct ? problem.outChannels : tiling.columns(problem);
  sums.base = direct ? zero : body.mul(split, tiling.partialSize(problem));

  int64_t blocks = tiling.channelBlocks(problem),
          perGroup = divideUp(blocks, tiling.groups);
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
        for (int64_t v = 0; v < tiling.nb; ++v) {
          Value channel = body.add(body.mul(block, tiling.channelBlock()),
                                   v * tiling.lanes);
          body.store(
              body.zeroVector(tiling.lanes), sums.memref,
              body.add(body.add(sums.base, body.mul(row, sums.pitch)), channel),
              direct ? maskFor(body, channel) : Value());
        }
      });
    });
  });

  Value tiles = body.mul(body.batch(), product(tiling.tileCounts(problem)));
  Value firstTile = body.div(body.mul(split, tiles), tiling.splits);
  Value endTile = body.div(body.mul(body.add(split, 1), tiles), tiling.splits);
  body.loop(firstTile, endTile, 1, [&](Value index) {
    Tile tile = packTileOf(body, index, firstD, firstH);
    if (tiling.pack_grad)
      packGradient(body, tile, firstBlock, endBlock);
    body.loop(firstBlock, endBlock, 1, [&](Value block) {
      Columns columns = columnsOf(body, tile, block, firstBlock);
      if (tiling.mergesTaps(problem)) {
        for (int64_t row = 0; row < allRows(); row += tiling.ur) {
          Rows rowBlock{body.index(row),       tile.view.base, {}, zero, zero,
                        body.index(row % rows)};
          for (int64_t i = row; i < std::min(row + tiling.ur, allRows()); ++i)
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
  Dims counts = tiling.tileCounts(problem);
  auto ids = body.delinearize(index, {1, counts[0], counts[1], counts[2]});
  Tile tile;
  tile.sample = ids[0];
  TileBox box;
  Value firstTap[] = {tapD, tapH, body.index(0)};
  for (unsigned d = 0; d < 3; ++d) {
    tile.origin[d] = body.mul(ids[1 + d], tiling.tile[d]);
    tile.extents[d] =
        pieceExtent(body, problem.out[d], tiling.tile[d], tile.origin[d]);
    box.origin[d] = body.add(
        body.add(body.mul(tile.origin[d], problem.strides[d]), firstTap[d]),
        body.index(-problem.low[d]));
    if (d < 2 && taskTaps[d] == 1) {
      // A single tap reads only every stride-th position.
      box.steps[d] = problem.strides[d];
      box.extents[d] = tile.extents[d];
      box.largest[d] = tiling.tile[d];
    } else {
      box.extents[d] =
          body.add(body.mul(body.sub(tile.extents[d], 1), problem.strides[d]),
                   problem.taps[d]);
      box.largest[d] = problem.window(d, tiling.tile[d]);
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

/// Packs the tile's gradient into scratch as [block][pixel][nb x lanes]; with
/// pairs, a word holds the same pixel of two rows.
void FilterGradEmitter::packGradient(KernelBody &body, const Tile &tile,
                                     Value firstBlock, Value endBlock) {
  Value gradient = inputOf(body, factor(1)), zero = body.index(0);
  body.loop(firstBlock, endBlock, 1, [&](Value block) {
    Value to = body.add(body.mul(body.sub(block, firstBlock),
                                 tiling.gradWords() * tiling.channelBlock()),
                        gradientBase());
    body.loop(zero, tile.extents[0], 1, [&](Value d) {
      body.loop(zero, tile.extents[1], 1, [&](Value h) {
        Value from = gradientRow(body, tile, d, h);
        Value row = packedRow(body, d, multiplier.word(body, h));
        body.loop(zero, tile.extents[2], 1, [&](Value w) {
          for (int64_t v = 0; v < tiling.nb; ++v) {
            Value channel = body.add(body.mul(block, tiling.channelBlock()),
                                     v * tiling.lanes);
            Value source = body.add(
                body.mul(body.add(from, w), problem.outChannels), channel);
            Value target =
                body.add(to, body.mul(body.add(row, w), tiling.channelBlock()));
            multiplier.storeAt(body,
                               body.load(gradient, source, tiling.lanes,
                                         maskFor(body, channel)),
                               body.scratch(),
                               body.add(target, v * tiling.lanes), h);
          }
        });
      });
    });
  });
}

/// Returns the number of the first pixel of the tile's row (d, h) in the
/// gradient.
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
  columns.channel = body.mul(block, tiling.channelBlock());
  for (int64_t v = 0; v < tiling.nb; ++v) {
    Value mask = maskFor(body, body.add(columns.channel, v * tiling.lanes));
    columns.loadMasks.push_back(tiling.pack_grad ? Value() : mask);
    columns.storeMasks.push_back(direct ? mask : Value());
  }
  if (tiling.pack_grad) {
    columns.memref = body.scratch();
    columns.pitch = tiling.channelBlock();
    Value base = body.add(body.mul(body.sub(block, firstBlock),
                                   tiling.gradWords() * tiling.channelBlock()),
                          gradientBase());
    columns.row = [this, &body, base](Value d, Value h) {
      return body.add(base,
                      body.mul(packedRow(body, d, h), tiling.channelBlock()));
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

/// Sweeps all register blocks of the rows of one (d, h) tap.
void FilterGradEmitter::forRowBlocks(KernelBody &body, const Tile &tile,
                                     const Sums &sums, const Columns &columns,
                                     const Rows &tap) {
  int64_t count = tiling.share_taps ? problem.inChannels : rows,
          whole = count - count % tiling.ur;
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
  body.loop(body.index(0), body.index(whole), tiling.ur,
            [&](Value first) { sweepAt(first, tiling.ur); });
  if (whole != count)
    sweepAt(body.index(whole), count - whole);
}

LogicalResult emitConvFilterGrad(FusionEmitter &emitter, Operation *root) {
  ConvProblem whole = filterGradProblem(root);
  FailureOr<FilterGradTiling> tiling =
      readFilterGradTiling(emitter, whole, root);
  if (failed(tiling))
    return failure();
  ConvProblem problem = tiling->effectiveProblem(whole);
  FilterGradEmitter gradient(problem, *tiling, root, cpuTarget(emitter));
  emitter.launch({gradient.sumTasks(), 0}, gradient.scratchBytes(),
                 [&](KernelBody &body) { gradient.sum(body); });
  if (!tiling->isDirect(problem))
    emitFilterGradMerge(emitter, problem, *tiling);
  return success();
}

} // namespace segc
