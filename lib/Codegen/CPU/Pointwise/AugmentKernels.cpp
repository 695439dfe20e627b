//===- AugmentKernels.cpp - Augmentation of patches -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// One element after the other: on the host the runtime's own renderer makes
// patches, so that these kernels have to be right alone.

#include "AugmentKernels.h"
#include "KernelHelpers.h"

#include "segc/Codegen/Common/Augmentation.h"

using namespace mlir;
using namespace segc;

namespace {

struct AugmentKernel : AugmentedOpModel<CpuKernelModel> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    int64_t elements = augmentedElements(op);
    emitter.launch({0, llvm::divideCeilSigned(elements, taskElements)}, 0,
                   [&](KernelBody &k) {
                     Tile tile = sampleTile(k, elements, taskElements);
                     k.loop(tile.begin, tile.end, 1, [&](Value element) {
                       emitAugmented(k, op, tile.sample, element);
                     });
                   });
    return success();
  }
};

struct ChannelStatisticsKernel : CpuOpModel<seg::ChannelStatisticsOp> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    return 4 * passesOf(fusion.getRoot()).floats();
  }

  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    StatisticsPasses passes = passesOf(op);
    int64_t tiles = passes.getTiles();
    auto launchChannels = [&](TaskCount tasks, auto &&body) {
      emitter.launch(tasks, 0, [&](KernelBody &k) {
        k.loop(k.index(0), k.index(passes.getChannels()), 1,
               [&](Value channel) { body(k, channel); });
      });
    };
    launchChannels({0, tiles}, [&](KernelBody &k, Value channel) {
      Value sample = k.div(k.task(), tiles), tile = k.rem(k.task(), tiles);
      passes.emitStoreTile(
          k, sample, tile, channel,
          passes.emitTileSums(k, sample, tile, channel, k.index(0), 1));
    });
    launchChannels({0, 1}, [&](KernelBody &k, Value channel) {
      passes.emitStoreResults(
          k, k.task(), channel,
          passes.emitSampleSums(k, k.task(), channel, k.index(0), 1));
    });
    return success();
  }

private:
  static StatisticsPasses passesOf(Operation *op) {
    return {cast<seg::ChannelStatisticsOp>(op), taskElements};
  }
};

} // namespace

void segc::addAugmentModels(KernelModels &models) {
  models.push_back(std::make_unique<AugmentKernel>());
  models.push_back(std::make_unique<ChannelStatisticsKernel>());
}
