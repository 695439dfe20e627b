//===- LossKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Losses on logits, their gradients and losses of each pixel, with a pixel in
// each lane; losses of sums that are known.

#include "Reductions/PixelChannels.h"
#include "Reductions/TileReductions.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// The tiles of logits in which a map of them is computed.
struct LossLayout {
  explicit LossLayout(RankedTensorType logits)
      : pixels(seg::spatialSize(logits)), classes(seg::channels(logits)),
        tilePixels(std::max<int64_t>(64, taskElements / 4 / classes)),
        tiles(llvm::divideCeilSigned(pixels, tilePixels)) {}

  int64_t pixels, classes, tilePixels, tiles;
};

/// The model of losses that are the root of their fusion. Other losses may
/// follow them.
struct LossKernel : CpuReductionModel<PixelReductionOpInterface> {
  bool hasPixelReductions(Operation *) const override { return true; }
};

/// The first of the buffers that hold values shared by all pixels of a sample.
/// It follows the buffers of a PixelVector; results use the buffer of the
/// logits.
constexpr int64_t sharedBuffer = 2, buffers = sharedBuffer + 2;

struct LogitsMapKernel : CpuFormulaModel<LogitsMapOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto map = cast<LogitsMapOpInterface>(op);
    Value logits = map.getPixelLogits();
    LossLayout layout(cast<RankedTensorType>(logits.getType()));
    int64_t lanes = cpuTarget(emitter).lanes,
            scratch =
                PixelChannels::scratchBytes(layout.classes, lanes, buffers),
            channels = seg::channels(
                cast<RankedTensorType>(op->getResult(0).getType()));
    emitter.launch({0, layout.tiles}, scratch, [&](KernelBody &k) {
      Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
      Value base = k.mul(tile.sample, layout.pixels),
            output = outputOf(k, op->getResult(0));
      SmallVector<PixelChannels, 2> shared;
      for (auto [i, size] : llvm::enumerate(map.getSharedSizes()))
        shared.emplace_back(size, lanes, sharedBuffer + i);
      SmallVector<ChannelValues *, 2> sharedValues;
      for (PixelChannels &values : shared)
        sharedValues.push_back(&values);
      if (!shared.empty())
        forChannels(k, shared.front().size(), [&](Channel c) {
          map.emitShared(k, tile.sample, c, sharedValues);
        });
      forPixelVectors(k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
                      [&](Value pixel, Value count, Value mask) {
                        PixelVector pixels(loadPixels(k, inputOf(k, logits),
                                                      pixel, layout.classes,
                                                      lanes, count),
                                           pixel, mask);
                        pixels.loadLabels(k, map.getPixelLabels());
                        if (Value weights = map.getPixelWeights())
                          pixels.loadWeights(k, weights);
                        PixelChannels values(channels, lanes);
                        map.emitPixels(k, pixels, sharedValues, values);
                        storePixels(k, values, output, pixel, count);
                      });
    });
    return success();
  }
};

struct SingleTaskKernel : CpuFormulaModel<SingleTaskOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      cast<SingleTaskOpInterface>(op).emitTask(k);
    });
    return success();
  }
};

} // namespace

void segc::addLossModels(KernelModels &models) {
  models.push_back(std::make_unique<LossKernel>());
  models.push_back(std::make_unique<LogitsMapKernel>());
  models.push_back(std::make_unique<SingleTaskKernel>());
}
