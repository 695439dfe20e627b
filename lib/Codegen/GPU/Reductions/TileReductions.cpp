//===- TileReductions.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Fusions whose root is a reduction: statistics and sums of channels, losses,
// with pointwise ops before them. A block computes and stores a tile of pixels.
// Threads are rows of pixels x columns of vectors of channels: each adds the
// terms of its pixels up in registers, then the rows are added in a fixed tree.
// Losses need all channels of a pixel: a thread each takes the tile's pixels
// once more, from memory.

#include "KernelHelpers.h"
#include "Reductions/ThreadChannels.h"
#include "Reductions/TileMerges.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {
namespace {

/// How an activation is cut. It depends on the size of a sample alone, so that
/// results do not depend on the batch.
struct ReductionTiling {
  explicit ReductionTiling(RankedTensorType space)
      : channels(space.getShape().back()), batched(space.getRank() > 1),
        samples(batched ? space.getDimSize(0) : 1),
        pixels(space.getNumElements() / channels / samples) {
    chunks = divideUp(channels, maxChunk);
    // About 512 tiles of a sample, of some vectors for each thread.
    int64_t elements =
        std::clamp<int64_t>(pixels * channels / 512, 4 << 10, 64 << 10);
    tilePixels =
        std::clamp<int64_t>(elements / std::min(channels, maxChunk), 1, pixels);
    tiles = divideUp(pixels, tilePixels);
  }
  TileGrid grid() const { return TileGrid::ofPixels(pixels, tilePixels); }

  /// Channels of a block, unless it takes whole pixels.
  static constexpr int64_t maxChunk = 256;
  static constexpr int64_t maxThreads = 256;

  int64_t channels;
  bool batched; ///< Rank 1 is one pixel of one sample.
  int64_t samples, pixels;
  int64_t tilePixels, tiles;
  int64_t chunks; ///< Of channels.
};

/// The reductions of a fusion and the places of their sums.
struct Reductions {
  explicit Reductions(seg::FusionOp fusion) : tiling(reducedSpace(fusion)) {
    for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>()) {
      channels.push_back({op, op.getMomentLayout(tiling.grid(), floats)});
      floats += roundUp(ChannelMerge(op, channels.back().layout).floats(), 16);
      channelSums += op.getSumCount();
    }
    for (auto op : fusion.getBody().getOps<PixelReductionOpInterface>()) {
      reduced = cast<seg::EpilogueReductionOpInterface>(op.getOperation())
                    .getReduced();
      pixels.push_back({op, PixelSums{tiling.samples, tiling.pixels,
                                      tiling.tiles, op.getSumCount(), floats}});
      floats += roundUp(PixelMerge(op, pixels.back().sums).floats(), 16);
      pixelSums += op.getSumCount();
    }
  }

  struct ByChannel {
    ChannelReductionOpInterface op;
    MomentLayout layout;
  };
  struct ByPixel {
    PixelReductionOpInterface op;
    PixelSums sums;
  };

  ReductionTiling tiling;
  SmallVector<ByChannel> channels;
  SmallVector<ByPixel> pixels;
  Value reduced; ///< What those over pixels reduce.
  int64_t channelSums = 0, pixelSums = 0, floats = 0;
};

/// The threads of a block.
struct ReductionThreads {
  ReductionThreads(const Reductions &all, const GpuTarget &target) {
    const ReductionTiling &tiling = all.tiling;
    lanes = vectorLanes(target, tiling.channels);
    columns = divideUp(divideUp(tiling.channels, lanes), tiling.chunks);
    rows = std::min(tiling.maxThreads / columns, tiling.tilePixels);
    if (int64_t rowFloats = all.channelSums * width())
      rows = std::min(rows, sharedFloatsOf(target) / rowFloats);
    sharedFloats = all.channelSums * rows * width();
    threads = roundUp(rows * columns, 32);
    if (all.pixels.empty())
      return;
    // Sums for each thread and, of many channels, the softmax.
    int64_t floats =
        all.pixelSums + ThreadChannels::sharedFloats(tiling.channels);
    pixelThreads = threadsWithShared(target, floats, tiling.maxThreads);
    threads = std::max(threads, pixelThreads);
    softmaxBase = all.pixelSums * pixelThreads;
    sharedFloats = std::max(sharedFloats, floats * pixelThreads);
  }
  /// Channels of a block.
  int64_t width() const { return columns * lanes; }

  int64_t lanes, columns, rows, threads, sharedFloats;
  int64_t pixelThreads = 0, softmaxBase = 0;
};

/// Emits the kernel of a block.
class TileKernel {
public:
  TileKernel(GpuKernelBody &k, seg::FusionOp fusion, Reductions &reductions,
             const ReductionThreads &shape)
      : k(k), fusion(fusion), all(reductions), tiling(reductions.tiling),
        shape(shape), space(reducedSpace(fusion)) {}

  /// With `wholePixels` a block computes all channels.
  void emit(bool computes, bool wholePixels);

private:
  using Values = SmallVector<Value>;
  void emitChunk(Value chunk);
  Values rowsOf(Reductions::ByChannel &reduction, Value channel, int64_t lanes,
                llvm::function_ref<Value(const ChannelRow &)> computed);
  void storeChannels(Value chunk);
  void sumPixels();
  void addTerms(ThreadPixel &pixel,
                llvm::function_ref<void(int64_t, Channel, Value)> add);
  void storePixelSums();

  GpuKernelBody &k;
  seg::FusionOp fusion;
  Reductions &all;
  const ReductionTiling &tiling;
  const ReductionThreads &shape;
  RankedTensorType space;
  Value sample, tile, begin, end; ///< Pixels of the sample.
  Value firstPixel;               ///< Of the sample, in the activation.
  ReductionTile own;
};

void TileKernel::emit(bool computes, bool wholePixels) {
  Values ids = k.delinearize(
      k.task(), {1, tiling.tiles, wholePixels ? 1 : tiling.chunks});
  sample = ids[0];
  tile = ids[1];
  begin = k.mul(tile, tiling.tilePixels);
  end = k.min(k.add(begin, tiling.tilePixels), k.index(tiling.pixels));
  firstPixel = k.mul(sample, tiling.pixels);
  own = {sample, tile, k.mul(k.add(firstPixel, begin), tiling.channels),
         k.sub(end, begin)};
  if (computes || !all.channels.empty()) {
    if (wholePixels && tiling.chunks > 1)
      k.loop(k.index(0), k.index(tiling.chunks), 1, [&](Value chunk) {
        emitChunk(chunk);
        k.barrier();
      });
    else
      emitChunk(ids[2]);
  }
  if (all.pixels.empty())
    return;
  // The pixels' channels come from several threads.
  if (computes || !all.channels.empty())
    k.barrier();
  sumPixels();
}

//===----------------------------------------------------------------------===//
// By channel
//===----------------------------------------------------------------------===//

/// Returns the values of each channel that the terms need. Of what the fusion
/// computes, `computed` returns the value of the tile's first pixel.
SmallVector<Value>
TileKernel::rowsOf(Reductions::ByChannel &reduction, Value channel,
                   int64_t lanes,
                   llvm::function_ref<Value(const ChannelRow &)> computed) {
  Values values;
  for (const ChannelRow &row :
       reduction.op.getChannelRows(k, reduction.layout, own))
    values.push_back(
        isa<BlockArgument>(seg::storedValue(row.operand))
            ? k.load(inputOf(k, row.operand), k.add(row.row, channel), lanes)
            : computed(row));
  return values;
}

/// Computes a chunk of the channels of the tile's pixels.
void TileKernel::emitChunk(Value chunk) {
  Value row = k.div(k.thread(), shape.columns),
        column = k.mul(k.rem(k.thread(), shape.columns), shape.lanes);
  Value channel = k.add(k.mul(chunk, shape.width()), column);
  Value isChannel = k.less(channel, k.index(tiling.channels)),
        isThread = k.less(row, k.index(shape.rows));
  // Threads without pixels or channels have an empty loop.
  Value first =
      arith::SelectOp::create(k.builder(), k.loc(), k.both(isChannel, isThread),
                              k.add(begin, row), end);
  channel = k.min(channel, k.index(tiling.channels - shape.lanes));

  SmallVector<Values> rows;
  bool computesRow = false;
  for (Reductions::ByChannel &reduction : all.channels)
    rows.push_back(
        rowsOf(reduction, channel, shape.lanes, [&](const ChannelRow &row) {
          computesRow = true;
          Point pixel{k.add(firstPixel, begin), sample, channel};
          return PointwiseEmitter(k, fusion, space)
              .valueAt(row.operand, pixel, shape.lanes);
        }));
  // Results may be computed in place: all threads read the first pixel before
  // one of them stores it.
  if (computesRow)
    k.barrier();
  Values sums(all.channelSums, k.zeroVector(shape.lanes));
  seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(shape.lanes));
  sums = k.loop(
      first, end, shape.rows, sums, [&](Value pixel, ValueRange carried) {
        Point point{k.add(firstPixel, pixel), sample, channel};
        PointwiseEmitter pointwise(k, fusion, space);
        pointwise.emit(point, shape.lanes, Value());
        Values next;
        for (auto [reduction, own] : llvm::zip_equal(all.channels, rows)) {
          Values elements;
          for (Value operand : reduction.op.getTermOperands())
            elements.push_back(seg::widenFloat(
                k.builder(), k.loc(),
                pointwise.operand(operand, point, shape.lanes, Value())));
          for (Value term : reduction.op.emitTerms(k, elements, own))
            next.push_back(m.add(carried[next.size()], term));
        }
        return next;
      });
  if (all.channels.empty())
    return;
  // [row][sum][channel]
  k.ifThen(isThread, [&] {
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value at = k.add(k.mul(row, all.channelSums), static_cast<int64_t>(i));
      k.store(sum, k.scratch(), k.add(k.mul(at, shape.width()), column));
    }
  });
  sumRows(k, shape.rows, all.channelSums * shape.width());
  storeChannels(chunk);
}

void TileKernel::storeChannels(Value chunk) {
  k.forThreads(shape.width(), [&](Value column) {
    Value channel = k.add(k.mul(chunk, shape.width()), column);
    k.ifThen(k.less(channel, k.index(tiling.channels)), [&] {
      int64_t sum = 0;
      for (Reductions::ByChannel &reduction : all.channels) {
        Values totals;
        for (unsigned i = 0; i < reduction.op.getSumCount(); ++i, ++sum)
          totals.push_back(
              k.load(k.scratch(), k.add(column, sum * shape.width()), 1));
        Value to = k.add(reduction.layout.tileRow(k, sample, tile), channel);
        // The first pixel has been stored by now.
        auto stored = [&](const ChannelRow &row) {
          return k.load(memoryOf(k, row.operand), k.add(row.row, channel), 1);
        };
        Values finished = reduction.op.emitFinish(
            k, own, totals, rowsOf(reduction, channel, /*lanes=*/1, stored));
        for (auto [i, value] : llvm::enumerate(finished))
          k.store(value, k.sums(),
                  k.add(to, static_cast<int64_t>(i) * tiling.channels));
      }
    });
  });
}

//===----------------------------------------------------------------------===//
// By pixel
//===----------------------------------------------------------------------===//

void TileKernel::addTerms(
    ThreadPixel &pixel, llvm::function_ref<void(int64_t, Channel, Value)> add) {
  int64_t first = 0;
  for (Reductions::ByPixel &reduction : all.pixels) {
    pixel.loadLabels(reduction.op.getPixelLabels());
    reduction.op.emitTerms(k, pixel,
                           [&](int64_t sum, Channel channel, Value term) {
                             add(first + sum, channel, term);
                           });
    first += reduction.sums.count;
  }
}

/// Adds up the terms of the tile's pixels: in registers, or of many channels in
/// shared memory, as [thread][sum].
void TileKernel::sumPixels() {
  bool unrolled = ChannelValues::isUnrolled(tiling.channels);
  Value memref = memoryOf(k, all.reduced), zero = k.scalarConstant(0);
  Value isThread = k.less(k.thread(), k.index(shape.pixelThreads));
  Value first = arith::SelectOp::create(k.builder(), k.loc(), isThread,
                                        k.add(begin, k.thread()), end);
  Value ownSums = k.mul(k.thread(), all.pixelSums);
  seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
  auto pixelAt = [&](Value pixel) {
    return ThreadPixel(k, memref, k.add(firstPixel, pixel), tiling.channels,
                       shape.pixelThreads, shape.softmaxBase);
  };
  if (unrolled) {
    Values sums =
        k.loop(first, end, shape.pixelThreads, Values(all.pixelSums, zero),
               [&](Value at, ValueRange carried) {
                 ThreadPixel pixel = pixelAt(at);
                 Values next(carried);
                 addTerms(pixel, [&](int64_t sum, Channel channel, Value term) {
                   Value &own = next[sum + channel.getNumber()];
                   own = m.add(own, term);
                 });
                 return next;
               });
    k.ifThen(isThread, [&] {
      for (auto [i, sum] : llvm::enumerate(sums))
        k.storeScalar(sum, k.scratch(),
                      k.add(ownSums, static_cast<int64_t>(i)));
    });
  } else {
    k.ifThen(isThread, [&] {
      k.loop(k.index(0), k.index(all.pixelSums), 1, [&](Value i) {
        k.storeScalar(zero, k.scratch(), k.add(ownSums, i));
      });
    });
    k.loop(first, end, shape.pixelThreads, [&](Value at) {
      ThreadPixel pixel = pixelAt(at);
      addTerms(pixel, [&](int64_t sum, Channel channel, Value term) {
        Value place = channel.from(k, k.add(ownSums, sum));
        k.storeScalar(m.add(k.loadScalar(k.scratch(), place), term),
                      k.scratch(), place);
      });
    });
  }
  sumRows(k, shape.pixelThreads, all.pixelSums);
  storePixelSums();
}

void TileKernel::storePixelSums() {
  int64_t first = 0;
  for (Reductions::ByPixel &reduction : all.pixels) {
    Value row = reduction.sums.tileRow(k, sample, tile);
    k.forThreads(reduction.sums.count, [&](Value i) {
      k.storeScalar(k.loadScalar(k.scratch(), k.add(i, first)), k.sums(),
                    k.add(row, i));
    });
    first += reduction.sums.count;
  }
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

LogicalResult emitReductionFusion(GpuFusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  FailureOr<bool> computes = verifyReductionFusion(fusion);
  if (failed(computes))
    return failure();
  Reductions reductions(fusion);
  const ReductionTiling &tiling = reductions.tiling;
  ReductionThreads threads(reductions, emitter.getTarget());
  bool wholePixels = !reductions.pixels.empty();
  if (wholePixels && threads.pixelThreads == 0)
    return fusion.getRoot()->emitOpError(
               "has more channels than the shared memory of a GPU holds: ")
           << tiling.channels;
  int64_t tasks = tiling.tiles * (wholePixels ? 1 : tiling.chunks);
  emitter.launch(
      tiling.batched ? TaskCount{0, tasks} : TaskCount{tasks, 0},
      threads.threads, threads.sharedFloats, [&](GpuKernelBody &k) {
        TileKernel(k, fusion, reductions, threads).emit(*computes, wholePixels);
      });
  for (Reductions::ByChannel &reduction : reductions.channels)
    ChannelMerge(reduction.op, reduction.layout).emit(emitter);
  for (Reductions::ByPixel &reduction : reductions.pixels)
    PixelMerge(reduction.op, reduction.sums).emit(emitter);
  return success();
}

/// The model of reductions that are the root of their fusion. Other reductions
/// may follow them.
template <typename Formula>
struct ReductionModel : GpuFormulaModel<Formula> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    return 4 * Reductions(fusion).floats;
  }
  bool hasReductions(Operation *) const override { return true; }
  int64_t reducedPixels(seg::FusionOp,
                        RankedTensorType reduced) const override {
    return gpuReducedPixels(reduced);
  }
  LogicalResult emitKernels(Operation *,
                            GpuFusionEmitter &emitter) const override {
    return emitReductionFusion(emitter);
  }
};

struct LossModel : ReductionModel<PixelReductionOpInterface> {
  bool hasPixelReductions(Operation *) const override { return true; }
};

} // namespace

int64_t gpuReducedPixels(RankedTensorType reduced) {
  return ReductionTiling(reduced).tilePixels;
}

void addReductionGpuModels(KernelModels &models) {
  models.push_back(
      std::make_unique<ReductionModel<ChannelReductionOpInterface>>());
  models.push_back(std::make_unique<LossModel>());
}

} // namespace segc
