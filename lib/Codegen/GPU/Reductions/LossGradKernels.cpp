//===- LossGradKernels.cpp - Gradients of losses, losses of pixels --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Gradients of losses on logits, and losses of each pixel, with a thread for
// each pixel. The values that the pixels of a sample share are computed once
// for each block, which takes several pixels for each thread.

#include "KernelHelpers.h"
#include "Reductions/ThreadChannels.h"

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

namespace {

constexpr int64_t maxThreads = 256, pixelsOfThread = 8;

struct LogitsMapKernel : GpuFormulaModel<LogitsMapOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto map = cast<LogitsMapOpInterface>(op);
    Value logits = map.getPixelLogits();
    auto type = cast<RankedTensorType>(logits.getType());
    int64_t pixels = seg::spatialSize(type), channels = seg::channels(type),
            results = seg::channels(
                cast<RankedTensorType>(op->getResult(0).getType()));
    // Of many channels a thread has the softmax and the results.
    int64_t own = 2 * ThreadChannels::sharedFloats(channels), base = 0;
    SmallVector<int64_t> sizes = map.getSharedSizes();
    for (int64_t size : sizes)
      base += size;
    int64_t threads = threadsWithShared(emitter.getTarget(), own, maxThreads);
    while (threads > 0 &&
           base + own * threads > sharedFloatsOf(emitter.getTarget()))
      threads /= 2;
    if (threads == 0)
      return op->emitOpError("has more channels than the shared memory of a "
                             "GPU holds: ")
             << channels;
    int64_t tilePixels = threads * pixelsOfThread;
    int64_t tiles = divideUp(pixels, tilePixels);
    emitter.launch(
        {0, tiles}, threads, base + own * threads, [&](GpuKernelBody &k) {
          Value sample = k.div(k.task(), tiles),
                begin = k.mul(k.rem(k.task(), tiles), tilePixels),
                end = k.min(k.add(begin, tilePixels), k.index(pixels));
          SmallVector<BlockChannels, 2> shared;
          SmallVector<ChannelValues *, 2> sharedValues;
          int64_t place = 0;
          for (int64_t size : sizes) {
            shared.emplace_back(size, place);
            place += size;
          }
          for (BlockChannels &values : shared)
            sharedValues.push_back(&values);
          if (!sizes.empty()) {
            k.forThreads(sizes.front(), [&](Value channel) {
              map.emitShared(k, sample, Channel(channel), sharedValues);
            });
            k.barrier();
          }
          Value output = outputOf(k, op->getResult(0));
          k.loop(k.add(begin, k.thread()), end, threads, [&](Value number) {
            Value pixel = k.add(k.mul(sample, pixels), number);
            ThreadPixel thread(k, inputOf(k, logits), pixel, channels, threads,
                               base);
            thread.loadLabels(map.getPixelLabels());
            if (Value weights = map.getPixelWeights())
              thread.loadWeights(weights);
            ThreadChannels values(k, results, threads,
                                  base + own / 2 * threads);
            map.emitPixels(k, thread, sharedValues, values);
            storeChannels(k, values, output, pixel);
          });
        });
    return success();
  }
};

/// A loss of sums that are known.
struct SingleTaskKernel : GpuFormulaModel<SingleTaskOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    emitter.launch({1, 0}, 1, 0, [&](GpuKernelBody &k) {
      cast<SingleTaskOpInterface>(op).emitTask(k);
    });
    return success();
  }
};

} // namespace

void segc::addLossGradGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<LogitsMapKernel>());
  models.push_back(std::make_unique<SingleTaskKernel>());
}
