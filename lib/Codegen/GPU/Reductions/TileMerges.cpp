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

MergeBlock::MergeBlock(int64_t numbers, int64_t maxColumns, int64_t tiles,
                       int64_t samples, bool isSeparable)
    : numbers(numbers), tiles(tiles), columns(std::min(maxColumns, numbers)),
      blocks(divideUp(numbers, columns)) {
  constexpr int64_t maxThreads = 1024, maxRows = 64;
  // A launch more takes as long as two loads that wait for each other.
  constexpr int64_t maxWalkLoads = 2;
  rows = powerOfTwo(std::min({tiles, maxRows, maxThreads / columns}));
  samplesAtOnce = std::min(samples, powerOfTwo(maxThreads / (rows * columns)));
  rounds = divideUp(samples, samplesAtOnce);
  mergesSamples = walkLoads() <= maxWalkLoads && (isSeparable || blocks == 1);
  if (!mergesSamples)
    samplesAtOnce = rounds = 1;
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

  Value sample; ///< Of those that the block merges at once.
  Value row, own, number;
};

using LoadPart = llvm::function_ref<SmallVector<Value>(Value tile)>;
using MergeParts =
    llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)>;

/// Merges the tiles of the thread's column in a fixed tree. The result is valid
/// in the first row of threads.
SmallVector<Value> mergeTiles(GpuKernelBody &k, const MergeBlock &block,
                              LoadPart load, MergeParts merge) {
  Value row = MergeThread(k, block).row;
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

/// Merges have few blocks: ptxas need not spill registers so that a
/// multiprocessor holds several.
void takeRegisters(GpuKernelBody &k) {
  k.builder().getInsertionBlock()->getParentOp()->setAttr(
      NVVM::NVVMDialect::getMinctasmAttrName(),
      k.builder().getI32IntegerAttr(1));
}

/// Adds the launch that merges tiles, of parts of `values` doubles: all threads
/// call `mergeSample` for a sample and a number, and those that have its result
/// store it. If the block merges samples, too, the first thread of each number
/// calls `mergeSamples` then.
void launchMerge(
    GpuFusionEmitter &emitter, const MergeBlock &block, int64_t values,
    llvm::function_ref<Value(GpuKernelBody &)> callSamples,
    llvm::function_ref<void(GpuKernelBody &, Value sample, Value number,
                            Value stores)>
        mergeSample,
    llvm::function_ref<void(GpuKernelBody &, Value number)> mergeSamples) {
  emitter.launch(
      block.mergesSamples ? TaskCount{block.blocks, 0}
                          : TaskCount{0, block.blocks},
      block.threads(), 2 * values * block.threads(), [&](GpuKernelBody &k) {
        takeRegisters(k);
        MergeThread thread(k, block);
        Value isNumber = k.less(thread.own, k.index(block.numbers)),
              stores = k.both(k.less(thread.row, k.index(1)), isNumber);
        if (!block.mergesSamples)
          return mergeSample(k, k.div(k.task(), block.blocks), thread.number,
                             stores);
        Value samples = callSamples(k);
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
        k.ifThen(k.both(isFirst, isNumber),
                 [&] { mergeSamples(k, thread.number); });
      });
}

} // namespace

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

/// Sectors of memory have eight numbers.
static constexpr int64_t sectorNumbers = 8;

ChannelMerge::ChannelMerge(ChannelReductionOpInterface op,
                           const MomentLayout &layout)
    : op(op), tiles(layout),
      samples(layout.tiles == 1
                  ? layout
                  : op.getMomentLayout(
                        TileGrid::ofPixels(layout.pixels, layout.pixels),
                        layout.base + layout.floats())),
      block(layout.channels, sectorNumbers, layout.tiles, layout.samples,
            /*isSeparable=*/true) {}

int64_t ChannelMerge::floats() const {
  return samples.base - tiles.base + samples.floats();
}

int64_t ChannelMerge::launches() const {
  return 1 + (tiles.tiles > 1 && !block.mergesSamples) +
         (tiles.kind == seg::NormKind::group);
}

void ChannelMerge::mergeSample(GpuKernelBody &k, Value sample, Value channel,
                               Value stores) {
  unsigned rows = op.getSumCount();
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
                   k.add(to, row * tiles.channels));
  });
}

void ChannelMerge::emit(GpuFusionEmitter &emitter) {
  auto mergeSamples = [&](GpuKernelBody &k, Value channel) {
    ChannelBlock column(k, channel, /*lanes=*/1, Value());
    op.emitChannelMerge(k, column, samples);
  };
  if (tiles.tiles > 1)
    launchMerge(
        emitter, block, op.getSumCount() + 1,
        [&](GpuKernelBody &k) { return tiles.callSamples(k); },
        [&](GpuKernelBody &k, Value sample, Value channel, Value stores) {
          mergeSample(k, sample, channel, stores);
        },
        mergeSamples);
  if (tiles.tiles == 1 || !block.mergesSamples)
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
      k, block,
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
  if (tiles.tiles > 1)
    launchMerge(
        emitter, block, /*values=*/1,
        [](GpuKernelBody &k) { return k.batch(); },
        [&](GpuKernelBody &k, Value sample, Value number, Value stores) {
          mergeSample(k, sample, number, stores);
        },
        [&](GpuKernelBody &k, Value number) {
          k.ifThen(k.less(number, k.index(1)),
                   [&] { op.emitMerge(k, samples); });
        });
  if (tiles.tiles == 1 || !block.mergesSamples)
    emitter.launch({1, 0}, 1, 0,
                   [&](GpuKernelBody &k) { op.emitMerge(k, samples); });
}

} // namespace segc
