//===- EmitPointwise.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileReductions.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

/// The unroll factor of flat loops.
static constexpr int64_t flatUnroll = 4;

/// Loads scalar inputs before the loop.
static void hoistScalars(KernelBody &k, seg::FusionOp fusion, int64_t lanes,
                         DenseMap<Value, Value> &values) {
  for (BlockArgument input : fusion.getBody().getArguments()) {
    if (cast<RankedTensorType>(input.getType()).getRank() != 0)
      continue;
    Value scalar = k.loadScalar(k.input(input.getArgNumber()), k.index(0));
    // Integer counters stay scalars; see DropoutOp::emitPoint.
    values[input] = scalar.getType().isF32() ? k.splat(scalar, lanes) : scalar;
  }
}

/// Emits a flat loop over elements: every input has the shape of `space` or is
/// a scalar.
static void emitFlat(FusionEmitter &emitter, RankedTensorType space,
                     bool batched) {
  seg::FusionOp fusion = emitter.getFusion();
  int64_t size = space.getNumElements() / (batched ? space.getDimSize(0) : 1);
  int64_t tiles = llvm::divideCeilSigned(size, taskElements);
  // A single element needs only one lane.
  int64_t lanes = size == 1 ? 1 : cpuTarget(emitter).lanes;
  emitter.launch(batched ? TaskCount{0, tiles} : TaskCount{tiles, 0}, 0,
                 [&](KernelBody &k) {
                   Tile tile = sampleTile(k, size, taskElements);
                   DenseMap<Value, Value> values;
                   hoistScalars(k, fusion, lanes, values);
                   PointwiseEmitter pointwise(k, fusion, space);
                   Value base = k.mul(tile.sample, size);
                   auto emit = [&](Value i, Value mask) {
                     // With pixel 0, the channel is the linear index.
                     Point point{k.index(0), k.index(0), k.add(base, i)};
                     pointwise.emit(point, lanes, mask, values);
                   };
                   if (lanes == 1)
                     emit(tile.begin, Value());
                   else
                     forVectors(k, tile.begin, tile.end, lanes, flatUnroll,
                                emit);
                 });
}

/// The tiles of a sample's pixels. An unbatched space is one sample.
namespace {
struct PixelTiles {
  PixelTiles(RankedTensorType space, bool batched)
      : channels(seg::channels(space)),
        pixels(space.getNumElements() / channels /
               (batched ? space.getDimSize(0) : 1)),
        tilePixels(std::max<int64_t>(1, taskElements / channels)) {
    int64_t tiles = llvm::divideCeilSigned(pixels, tilePixels);
    tasks = batched ? TaskCount{0, tiles} : TaskCount{tiles, 0};
  }
  int64_t channels, pixels, tilePixels;
  TaskCount tasks;
};
} // namespace

/// Emits the pointwise ops of a fusion for the pixels of a tile, with broadcast
/// inputs.
static void emitTile(KernelBody &k, seg::FusionOp fusion,
                     RankedTensorType space, const PixelTiles &tiles,
                     const Tile &tile, int64_t lanes) {
  Value base = k.mul(tile.sample, tiles.pixels);
  DenseMap<Value, Value> scalars;
  hoistScalars(k, fusion, lanes, scalars);
  SmallVector<BlockArgument> rows, perPixel;
  for (BlockArgument input : fusion.getBody().getArguments()) {
    if (llvm::none_of(input.getUsers(),
                      llvm::IsaPred<seg::PointwiseOpInterface>))
      continue;
    Broadcast kind =
        seg::classifyBroadcast(cast<RankedTensorType>(input.getType()), space);
    if (kind == Broadcast::PerChannel || kind == Broadcast::PerSample)
      rows.push_back(input);
    else if (kind == Broadcast::Channel)
      perPixel.push_back(input);
  }
  PointwiseEmitter pointwise(k, fusion, space);
  ChannelWalk walk(k, tiles.channels, lanes);
  auto hoist = [&](const ChannelWalk::Slot &slot) {
    ChannelWalk::Values values;
    for (BlockArgument input : rows) {
      bool perSample = cast<RankedTensorType>(input.getType()).getRank() == 2;
      Value offset =
          perSample ? k.mul(tile.sample, tiles.channels) : k.index(0);
      values.push_back(
          walk.perChannel(k.input(input.getArgNumber()), offset, slot));
    }
    return values;
  };
  walk.forEach(
      k.add(base, tile.begin), k.add(base, tile.end), hoist,
      [&](const ChannelWalk::Visit &visit) {
        DenseMap<Value, Value> values = scalars;
        for (auto [input, value] : llvm::zip_equal(rows, visit.hoisted))
          values[input] = value;
        for (BlockArgument input : perPixel)
          values[input] = walk.perPixel(k.input(input.getArgNumber()), visit);
        pointwise.emit({k.index(0), tile.sample, visit.index}, lanes,
                       visit.mask, values);
      });
}

static void emitByChannels(FusionEmitter &emitter, RankedTensorType space,
                           bool batched) {
  PixelTiles tiles(space, batched);
  int64_t lanes = cpuTarget(emitter).lanes;
  emitter.launch(tiles.tasks, 0, [&](KernelBody &k) {
    emitTile(k, emitter.getFusion(), space, tiles,
             sampleTile(k, tiles.pixels, tiles.tilePixels), lanes);
  });
}

//===----------------------------------------------------------------------===//
// Reductions without another root
//===----------------------------------------------------------------------===//

int64_t reductionTilePixels(seg::FusionOp fusion, RankedTensorType reduced) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  ArrayRef<int64_t> tile =
      strategy ? strategy.getInts("tile") : ArrayRef<int64_t>();
  if (tile.empty())
    return PixelTiles(reduced, reduced.getRank() > 1).tilePixels;
  // The pixels of a convolution's task: with Winograd tiles their outputs, and
  // all phases where a task computes them together.
  int64_t pixels = 1;
  for (int64_t extent :
       llvm::concat<const int64_t>(tile, strategy.getInts(strategyTilesName)))
    pixels *= extent;
  if (strategy.getKind() == GroupedTiling::kind)
    pixels *= convProblem(fusion.getRoot()).phaseCount();
  return pixels;
}

static TileReductions reductionsOf(seg::FusionOp fusion) {
  RankedTensorType space = reducedSpace(fusion);
  PixelTiles tiles(space, space.getRank() > 1);
  return {fusion, TileGrid::ofPixels(tiles.pixels, tiles.tilePixels)};
}

int64_t reductionTempBytes(seg::FusionOp fusion) {
  return reductionsOf(fusion).bytes();
}

LogicalResult emitReductionFusion(FusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  FailureOr<bool> computes = verifyReductionFusion(fusion);
  if (failed(computes))
    return failure();
  RankedTensorType space = reducedSpace(fusion);
  PixelTiles tiles(space, space.getRank() > 1);
  TileReductions reductions = reductionsOf(fusion);
  int64_t lanes = cpuTarget(emitter).lanes;
  emitter.launch(tiles.tasks, reductions.scratchBytes(lanes),
                 [&](KernelBody &k) {
                   Tile tile = sampleTile(k, tiles.pixels, tiles.tilePixels);
                   if (*computes)
                     emitTile(k, fusion, space, tiles, tile, lanes);
                   reductions.sumPixels(k, tile, lanes);
                 });
  reductions.emitMerges(emitter);
  return success();
}

LogicalResult emitPointwiseFusion(FusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  FailureOr<PointwiseSpace> checked = pointwiseSpace(fusion);
  if (failed(checked))
    return failure();
  auto [space, batched] = *checked;
  bool flat = llvm::all_of(fusion.getBody().getArgumentTypes(), [&](Type type) {
    Broadcast kind =
        seg::classifyBroadcast(cast<RankedTensorType>(type), checked->type);
    return kind == Broadcast::None || kind == Broadcast::Scalar;
  });
  if (flat)
    emitFlat(emitter, space, batched);
  else
    emitByChannels(emitter, space, batched);
  return success();
}

} // namespace segc
