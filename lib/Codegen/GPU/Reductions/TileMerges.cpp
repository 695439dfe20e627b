//===- TileMerges.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileMerges.h"
#include "KernelHelpers.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace segc {
namespace {

/// A block that merges the tiles of a sample: a column of threads for each of
/// `columns` numbers, whose rows of threads share the tiles.
struct MergeBlock {
  MergeBlock(int64_t numbers, int64_t tiles)
      : columns(std::min<int64_t>(8, numbers)),
        rows(static_cast<int64_t>(llvm::bit_floor(
            static_cast<uint64_t>(std::min<int64_t>(tiles, 32))))),
        tiles(tiles), blocks(divideUp(numbers, columns)) {}

  int64_t threads() const { return rows * columns; }
  /// Floats of shared memory for parts of `values` doubles.
  int64_t sharedFloats(int64_t values) const { return 2 * values * threads(); }

  int64_t columns, rows, tiles;
  int64_t blocks; ///< For each sample.
};

/// Shared memory of doubles: [value][thread].
struct SharedParts {
  SharedParts(GpuKernelBody &k) : k(k) {}

  void store(ValueRange part) {
    for (auto [i, value] : llvm::enumerate(part)) {
      if (!isa<VectorType>(value.getType()))
        value = k.splat(value, 1);
      k.store(vector::BitCastOp::create(k.builder(), k.loc(), k.vectorType(2),
                                        value),
              k.scratch(), place(i, k.thread()));
    }
  }
  /// The part of a thread, with the types of `like`.
  SmallVector<Value> load(ValueRange like, Value thread) {
    SmallVector<Value> part;
    auto f64 = VectorType::get({1}, k.builder().getF64Type());
    for (auto [i, value] : llvm::enumerate(like)) {
      Value loaded = vector::BitCastOp::create(
          k.builder(), k.loc(), f64, k.load(k.scratch(), place(i, thread), 2));
      if (!isa<VectorType>(value.getType()))
        loaded = vector::ExtractOp::create(k.builder(), k.loc(), loaded, 0);
      part.push_back(loaded);
    }
    return part;
  }

private:
  Value place(int64_t value, Value thread) {
    return k.mul(k.add(thread, value * k.threads()), 2);
  }
  GpuKernelBody &k;
};

using Merge = llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)>;

/// Merges the tiles of the thread's column in a fixed tree. The result is valid
/// in the first row of threads.
SmallVector<Value>
mergeTiles(GpuKernelBody &k, const MergeBlock &block,
           llvm::function_ref<SmallVector<Value>(Value tile)> load,
           Merge merge) {
  Value row = k.div(k.thread(), block.columns);
  SmallVector<Value> part =
      k.loop(k.add(row, block.rows), k.index(block.tiles), block.rows,
             load(row), [&](Value tile, ValueRange carried) {
               return merge(carried, load(tile));
             });
  SharedParts shared(k);
  shared.store(part);
  for (int64_t half = block.rows / 2; half > 0; half /= 2) {
    k.barrier();
    k.ifThen(k.less(row, k.index(half)), [&] {
      Value other = k.add(k.thread(), half * block.columns);
      shared.store(
          merge(shared.load(part, k.thread()), shared.load(part, other)));
    });
  }
  return shared.load(part, k.thread());
}

/// Adds the launch that merges tiles: `body` gets the sample, a number below
/// `numbers`, and whether the thread is the one that stores its result.
void launchMerge(GpuFusionEmitter &emitter, int64_t numbers, bool eachSample,
                 const MergeBlock &block, int64_t values,
                 llvm::function_ref<void(GpuKernelBody &, Value sample,
                                         Value number, Value stores)>
                     body) {
  emitter.launch(
      eachSample ? TaskCount{0, block.blocks} : TaskCount{block.blocks, 0},
      block.threads(), block.sharedFloats(values), [&](GpuKernelBody &k) {
        Value sample = k.div(k.task(), block.blocks);
        Value number =
            k.add(k.mul(k.rem(k.task(), block.blocks), block.columns),
                  k.rem(k.thread(), block.columns));
        Value stores = k.both(k.less(k.thread(), k.index(block.columns)),
                              k.less(number, k.index(numbers)));
        // Threads after the last number merge it again.
        body(k, sample, k.min(number, k.index(numbers - 1)), stores);
      });
}

} // namespace

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

ChannelMerge::ChannelMerge(ChannelReductionOpInterface op,
                           const MomentLayout &layout)
    : op(op), tiles(layout),
      samples(layout.tiles == 1
                  ? layout
                  : op.getMomentLayout(
                        TileGrid::ofPixels(layout.pixels, layout.pixels),
                        layout.base + layout.floats())) {}

int64_t ChannelMerge::floats() const {
  return samples.base - tiles.base + samples.floats();
}

void ChannelMerge::emit(GpuFusionEmitter &emitter) {
  int64_t channels = tiles.channels;
  unsigned rows = op.getSumCount();
  if (tiles.tiles > 1) {
    MergeBlock block(channels, tiles.tiles);
    launchMerge(
        emitter, channels, tiles.batched, block, rows + 1,
        [&](GpuKernelBody &k, Value sample, Value channel, Value stores) {
          ChannelBlock column(k, channel, /*lanes=*/1, Value());
          SmallVector<Value> merged = mergeTiles(
              k, block,
              [&](Value tile) {
                return loadPart(k, column, tiles, rows,
                                k.add(k.mul(sample, tiles.tiles), tile));
              },
              [&](ValueRange part, ValueRange other) {
                return op.mergeParts(k, part, other);
              });
          Value to = samples.tileRow(k, sample, k.index(0));
          k.ifThen(stores, [&] {
            for (unsigned row = 0; row < rows; ++row)
              column.store(toFloat(k, merged[row]), k.sums(),
                           k.add(to, row * channels));
          });
        });
  }
  launchThreads(emitter, channels, /*eachSample=*/false,
                [&](GpuKernelBody &k, Value, Value channel) {
                  ChannelBlock block(k, channel, /*lanes=*/1, Value());
                  op.emitChannelMerge(k, block, samples);
                });
  if (samples.kind == seg::NormKind::group)
    launchThreads(emitter, samples.groups, /*eachSample=*/true,
                  [&](GpuKernelBody &k, Value sample, Value group) {
                    op.emitGroupMerge(k, sample, group, samples);
                  });
}

//===----------------------------------------------------------------------===//
// Pixels
//===----------------------------------------------------------------------===//

PixelMerge::PixelMerge(PixelReductionOpInterface op, const PixelSums &sums)
    : op(op), tiles(sums), samples(sums) {
  if (tiles.tiles > 1) {
    samples.tiles = 1;
    samples.base += tiles.floats();
  }
}

int64_t PixelMerge::floats() const {
  return samples.base - tiles.base + samples.floats();
}

void PixelMerge::emit(GpuFusionEmitter &emitter) {
  if (tiles.tiles > 1) {
    MergeBlock block(tiles.count, tiles.tiles);
    launchMerge(
        emitter, tiles.count, /*eachSample=*/true, block, /*values=*/1,
        [&](GpuKernelBody &k, Value sample, Value number, Value stores) {
          Value sum = mergeTiles(
              k, block,
              [&](Value tile) -> SmallVector<Value> {
                return {
                    loadDouble(k, k.sums(),
                               k.add(tiles.tileRow(k, sample, tile), number))};
              },
              [&](ValueRange part, ValueRange other) {
                return addParts(k, part, other);
              })[0];
          k.ifThen(stores, [&] {
            k.storeScalar(
                toFloat(k, sum), k.sums(),
                k.add(samples.tileRow(k, sample, k.index(0)), number));
          });
        });
  }
  emitter.launch({1, 0}, 1, 0,
                 [&](GpuKernelBody &k) { op.emitMerge(k, samples); });
}

} // namespace segc
