//===- TileMerges.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileMerges.h"
#include "KernelHelpers.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace segc {

static int64_t powerOfTwo(int64_t limit) {
  return static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(limit)));
}

/// The most tiles that a thread loads before it merges them, and those that it
/// has where there are few.
static constexpr int64_t maxTilesAtOnce = 8, fewTiles = 4;
static constexpr int64_t maxRows = 64;

MergeBlock::MergeBlock(int64_t numbers, int64_t maxColumns, int64_t tiles,
                       int64_t samples, bool isSeparable)
    : numbers(numbers), tiles(tiles), columns(std::min(maxColumns, numbers)),
      blocks(divideUp(numbers, columns)) {
  constexpr int64_t maxThreads = 1024;
  // A launch more takes as long as two loads that wait for each other.
  constexpr int64_t launchLoads = 2;
  rows = powerOfTwo(
      std::min({divideUp(tiles, fewTiles), maxRows, maxThreads / columns}));
  samplesAtOnce = std::min(samples, powerOfTwo(maxThreads / (rows * columns)));
  rounds = divideUp(samples, samplesAtOnce);
  mergesSamples = (rounds - 1) * roundLoads() <= launchLoads &&
                  (isSeparable || blocks == 1);
  if (!mergesSamples)
    samplesAtOnce = rounds = 1;
}

int64_t MergeBlock::tilesAtOnce() const {
  return std::min(maxTilesAtOnce, tiles / rows);
}

namespace {

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

/// What a thread of a block that merges tiles works on.
struct MergeThread {
  MergeThread(GpuKernelBody &k, const MergeBlock &block)
      : sample(k.div(k.thread(), block.rows * block.columns)),
        row(k.rem(k.div(k.thread(), block.columns), block.rows)),
        own(k.add(k.mul(k.rem(k.task(), block.blocks), block.columns),
                  k.rem(k.thread(), block.columns))),
        // Threads after the last number merge it again.
        number(k.min(own, k.index(block.numbers - 1))) {}

  Value isNumber(GpuKernelBody &k, const MergeBlock &block) const {
    return k.less(own, k.index(block.numbers));
  }
  Value stores(GpuKernelBody &k, const MergeBlock &block) const {
    return k.both(k.less(row, k.index(1)), isNumber(k, block));
  }

  Value sample; ///< Of those that the block merges at once.
  Value row, own, number;
};

using LoadPart = llvm::function_ref<SmallVector<Value>(Value tile)>;
using MergeParts =
    llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)>;

/// Merges the tiles [begin, end) of the thread's column, at least
/// `block.tiles`, in a fixed tree. The result is valid in the first row of
/// threads.
SmallVector<Value> mergeTiles(GpuKernelBody &k, const MergeBlock &block,
                              Value begin, Value end, LoadPart load,
                              MergeParts merge) {
  Value row = MergeThread(k, block).row, own = k.add(begin, row);
  SmallVector<SmallVector<Value>> loaded;
  for (int64_t i = 0; i < block.tilesAtOnce(); ++i)
    loaded.push_back(load(k.add(own, i * block.rows)));
  SmallVector<Value> part = loaded.front();
  for (ValueRange other : ArrayRef(loaded).drop_front())
    part = merge(part, other);
  part = k.loop(k.add(own, block.tilesAtOnce() * block.rows), end, block.rows,
                part, [&](Value tile, ValueRange carried) {
                  return merge(carried, load(tile));
                });
  if (block.rows == 1)
    return part;
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

/// Merges have few blocks: ptxas need not spill registers so that a
/// multiprocessor holds several.
void takeRegisters(GpuKernelBody &k) {
  k.builder().getInsertionBlock()->getParentOp()->setAttr(
      NVVM::NVVMDialect::getMinctasmAttrName(),
      k.builder().getI32IntegerAttr(1));
}

/// Floats of shared memory of a block that merges parts of `values` doubles.
int64_t sharedFloats(const MergeBlock &block, int64_t values) {
  return block.rows == 1 ? 0 : 2 * values * block.threads();
}

/// Adds the launch of a block for each segment of the tiles of a sample. All
/// threads call `merge` for a number, and those that have its result store it.
void launchTileMerge(
    GpuFusionEmitter &emitter, const MergeBlock &block, int64_t segments,
    int64_t values,
    llvm::function_ref<void(GpuKernelBody &, Value sample, Value segment,
                            Value number, Value stores)>
        merge) {
  emitter.launch(
      {0, segments * block.blocks}, block.rows * block.columns,
      sharedFloats(block, values), [&](GpuKernelBody &k) {
        takeRegisters(k);
        MergeThread thread(k, block);
        auto ids = k.delinearize(k.task(), {1, segments, block.blocks});
        merge(k, ids[0], ids[1], thread.number, thread.stores(k, block));
      });
}

/// Adds the launch that merges tiles and then samples: the first thread of each
/// number calls `mergeSamples`.
void launchSampleMerge(
    GpuFusionEmitter &emitter, const MergeBlock &block, int64_t values,
    llvm::function_ref<void(GpuKernelBody &, Value sample, Value number,
                            Value stores)>
        mergeSample,
    llvm::function_ref<void(GpuKernelBody &, Value number)> mergeSamples) {
  emitter.launch(
      {block.blocks, 0}, block.threads(), sharedFloats(block, values),
      [&](GpuKernelBody &k) {
        takeRegisters(k);
        MergeThread thread(k, block);
        Value samples = k.batch(), stores = thread.stores(k, block);
        auto mergeRound = [&](Value first) {
          Value sample = k.add(first, thread.sample);
          // Threads after the last sample merge it again.
          mergeSample(k, k.min(sample, k.sub(samples, 1)), thread.number,
                      k.both(stores, k.less(sample, samples)));
          k.barrier();
        };
        if (block.rounds == 1)
          mergeRound(k.index(0));
        else
          k.loop(k.index(0), samples, block.samplesAtOnce, mergeRound);
        Value isFirst = k.less(k.thread(), k.index(block.columns));
        k.ifThen(k.both(isFirst, thread.isNumber(k, block)),
                 [&] { mergeSamples(k, thread.number); });
      });
}

} // namespace

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

/// Sectors of memory have eight numbers.
static constexpr int64_t sectorNumbers = 8;

/// Segments of so many tiles of a sample: a block loads those of one at once.
static int64_t segmentsOf(int64_t tiles) {
  return std::min(divideUp(tiles, maxTilesAtOnce * maxRows), maxRows);
}
/// Floats of the segments of all samples, if there are several.
static int64_t segmentFloats(const MomentLayout &tiles, unsigned sums) {
  int64_t segments = segmentsOf(tiles.tiles);
  return segments == 1 ? 0
                       : tiles.samples * segments * (sums + 1) * tiles.channels;
}

ChannelMerge::ChannelMerge(ChannelReductionOpInterface op,
                           const MomentLayout &layout)
    : op(op), tiles(layout),
      samples(layout.tiles == 1
                  ? layout
                  : op.getMomentLayout(
                        TileGrid::ofPixels(layout.pixels, layout.pixels),
                        layout.base + layout.floats() +
                            segmentFloats(layout, op.getSumCount()))),
      segments(segmentsOf(layout.tiles)),
      segmentBlock(layout.channels, sectorNumbers, layout.tiles / segments,
                   /*samples=*/1, /*isSeparable=*/true),
      block(layout.channels, sectorNumbers,
            segments == 1 ? layout.tiles : segments, layout.samples,
            /*isSeparable=*/true) {}

int64_t ChannelMerge::floats() const {
  return samples.base - tiles.base + samples.floats();
}

int64_t ChannelMerge::launches() const {
  return 1 + (segments > 1) + (tiles.tiles > 1 && !block.mergesSamples) +
         (tiles.kind == seg::NormKind::group);
}

double ChannelMerge::waitSeconds(const GpuTarget &target) const {
  int64_t loads =
      segmentBlock.waits() - 1 + (block.rounds - 1) * block.roundLoads();
  return static_cast<double>(loads) * target.loadSeconds;
}

ChannelMerge::Parts ChannelMerge::mergeTilesOf(GpuKernelBody &k, Value sample,
                                               Value segment, Value channel) {
  ChannelBlock column(k, channel, /*lanes=*/1, Value());
  auto firstTile = [&](Value segment) {
    return k.div(k.mul(segment, tiles.tiles), segments);
  };
  return mergeTiles(
      k, segmentBlock, firstTile(segment), firstTile(k.add(segment, 1)),
      [&](Value tile) {
        return loadPart(k, column, tiles, op.getSumCount(),
                        k.add(k.mul(sample, tiles.tiles), tile));
      },
      [&](ValueRange part, ValueRange other) {
        return op.mergeParts(k, part, other);
      });
}

Value ChannelMerge::segmentRow(GpuKernelBody &k, Value sample, Value segment) {
  int64_t rows = op.getSumCount() + 1;
  return k.add(
      k.mul(k.add(k.mul(sample, segments), segment), rows * tiles.channels),
      tiles.base + tiles.floats());
}

ChannelMerge::Parts ChannelMerge::mergeSegments(GpuKernelBody &k, Value sample,
                                                Value channel) {
  unsigned rows = op.getSumCount();
  ChannelBlock column(k, channel, /*lanes=*/1, Value());
  return mergeTiles(
      k, block, k.index(0), k.index(segments),
      [&](Value segment) {
        Parts part;
        Value from = segmentRow(k, sample, segment);
        for (unsigned row = 0; row < rows; ++row)
          part.push_back(toDouble(
              k, column.load(k.sums(), k.add(from, row * tiles.channels))));
        part.push_back(loadDouble(
            k, k.sums(), k.add(k.add(from, rows * tiles.channels), channel)));
        return part;
      },
      [&](ValueRange part, ValueRange other) {
        return op.mergeParts(k, part, other);
      });
}

void ChannelMerge::storeSample(GpuKernelBody &k, Value sample, Value channel,
                               ValueRange merged) {
  ChannelBlock column(k, channel, /*lanes=*/1, Value());
  Value to = samples.tileRow(k, sample, k.index(0));
  for (unsigned row = 0; row < op.getSumCount(); ++row)
    column.store(toFloat(k, merged[row]), k.sums(),
                 k.add(to, row * tiles.channels));
}

void ChannelMerge::emit(GpuFusionEmitter &emitter) {
  unsigned rows = op.getSumCount();
  auto mergeSample = [&](GpuKernelBody &k, Value sample, Value channel,
                         Value stores) {
    Parts merged = segments == 1 ? mergeTilesOf(k, sample, k.index(0), channel)
                                 : mergeSegments(k, sample, channel);
    k.ifThen(stores, [&] { storeSample(k, sample, channel, merged); });
  };
  auto mergeSamples = [&](GpuKernelBody &k, Value channel) {
    ChannelBlock column(k, channel, /*lanes=*/1, Value());
    op.emitChannelMerge(k, column, samples);
  };
  if (segments > 1)
    launchTileMerge(
        emitter, segmentBlock, segments, rows + 1,
        [&](GpuKernelBody &k, Value sample, Value segment, Value channel,
            Value stores) {
          Parts merged = mergeTilesOf(k, sample, segment, channel);
          k.ifThen(stores, [&] {
            Value to = k.add(segmentRow(k, sample, segment), channel);
            for (auto [row, value] : llvm::enumerate(merged)) {
              Value stored = toFloat(k, value);
              if (auto vector = dyn_cast<VectorType>(stored.getType()))
                stored =
                    vector::ExtractOp::create(k.builder(), k.loc(), stored, 0);
              k.storeScalar(
                  stored, k.sums(),
                  k.add(to, static_cast<int64_t>(row) * tiles.channels));
            }
          });
        });
  bool mergesTiles = tiles.tiles > 1;
  if (mergesTiles && block.mergesSamples)
    launchSampleMerge(emitter, block, rows + 1, mergeSample, mergeSamples);
  else if (mergesTiles)
    launchTileMerge(
        emitter, block, /*segments=*/1, rows + 1,
        [&](GpuKernelBody &k, Value sample, Value, Value channel,
            Value stores) { mergeSample(k, sample, channel, stores); });
  if (!mergesTiles || !block.mergesSamples)
    launchThreads(emitter, tiles.channels, /*eachSample=*/false,
                  [&](GpuKernelBody &k, Value, Value channel) {
                    mergeSamples(k, channel);
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

/// A block that merges samples has a column for each sum.
static constexpr int64_t maxSums = 64;

PixelMerge::PixelMerge(PixelReductionOpInterface op, const PixelSums &sums)
    : op(op), tiles(sums), samples(sums),
      block(sums.count, maxSums, sums.tiles, sums.samples,
            /*isSeparable=*/false) {
  if (tiles.tiles > 1) {
    samples.tiles = 1;
    samples.base += tiles.floats();
  }
}

int64_t PixelMerge::floats() const {
  return samples.base - tiles.base + samples.floats();
}

void PixelMerge::mergeSample(GpuKernelBody &k, Value sample, Value number,
                             Value stores) {
  Value sum = mergeTiles(
      k, block, k.index(0), k.index(tiles.tiles),
      [&](Value tile) -> SmallVector<Value> {
        return {loadDouble(k, k.sums(),
                           k.add(tiles.tileRow(k, sample, tile), number))};
      },
      [&](ValueRange part, ValueRange other) {
        return addParts(k, part, other);
      })[0];
  k.ifThen(stores, [&] {
    k.storeScalar(toFloat(k, sum), k.sums(),
                  k.add(samples.tileRow(k, sample, k.index(0)), number));
  });
}

void PixelMerge::emit(GpuFusionEmitter &emitter) {
  bool mergesTiles = tiles.tiles > 1;
  if (mergesTiles && block.mergesSamples)
    launchSampleMerge(
        emitter, block, /*values=*/1,
        [&](GpuKernelBody &k, Value sample, Value number, Value stores) {
          mergeSample(k, sample, number, stores);
        },
        [&](GpuKernelBody &k, Value number) {
          k.ifThen(k.less(number, k.index(1)),
                   [&] { op.emitMerge(k, samples); });
        });
  else if (mergesTiles)
    launchTileMerge(
        emitter, block, /*segments=*/1, /*values=*/1,
        [&](GpuKernelBody &k, Value sample, Value, Value number, Value stores) {
          mergeSample(k, sample, number, stores);
        });
  if (!mergesTiles || !block.mergesSamples)
    emitter.launch({1, 0}, 1, 0,
                   [&](GpuKernelBody &k) { op.emitMerge(k, samples); });
}

} // namespace segc
