//===- AugmentKernels.cpp - Augmentation of patches -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A thread computes an element, channels innermost, so that threads that follow
// each other read and write rows. Statistics are summed by a block for each
// tile, then by one for each sample, whose threads' sums are merged in a fixed
// tree.

#include "AugmentKernels.h"
#include "KernelHelpers.h"

#include "segc/Codegen/Common/Augmentation.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

namespace {

struct AugmentKernel : AugmentedOpModel<GpuKernelModel> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    launchThreads(emitter, augmentedElements(op), /*eachSample=*/true,
                  [&](GpuKernelBody &k, Value sample, Value element) {
                    emitAugmented(k, op, sample, element);
                  });
    return success();
  }
};

constexpr int64_t threads = 256;

class ChannelStatisticsKernel : public GpuOpModel<seg::ChannelStatisticsOp> {
public:
  int64_t tempBytes(seg::FusionOp fusion) const override {
    return 4 * passesOf(fusion.getRoot()).floats();
  }

  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    StatisticsPasses passes = passesOf(op);
    int64_t tiles = passes.getTiles();
    launchMerges(
        emitter, passes, tiles,
        [&](GpuKernelBody &k, Value sample, Value channel) {
          return passes.emitTileSums(k, sample, k.rem(k.task(), tiles), channel,
                                     k.thread(), threads);
        },
        [&](GpuKernelBody &k, Value sample, Value channel, ValueRange sums) {
          passes.emitStoreTile(k, sample, k.rem(k.task(), tiles), channel,
                               sums);
        });
    launchMerges(
        emitter, passes, 1,
        [&](GpuKernelBody &k, Value sample, Value channel) {
          return passes.emitSampleSums(k, sample, channel, k.thread(), threads);
        },
        [&](GpuKernelBody &k, Value sample, Value channel, ValueRange sums) {
          passes.emitStoreResults(k, sample, channel, sums);
        });
    return success();
  }

private:
  using Sums = StatisticsPasses::Sums;

  /// Adds a launch of so many blocks a sample. For each channel `part` is what
  /// a thread adds up, and `store` gets the sums of all threads.
  static void launchMerges(
      GpuFusionEmitter &emitter, const StatisticsPasses &passes, int64_t blocks,
      llvm::function_ref<Sums(GpuKernelBody &, Value, Value)> part,
      llvm::function_ref<void(GpuKernelBody &, Value, Value, ValueRange)>
          store) {
    constexpr int64_t doubles = threads * StatisticsPasses::sumCount;
    emitter.launch({0, blocks}, threads, 2 * doubles, [&](GpuKernelBody &k) {
      Value sample = k.div(k.task(), blocks),
            shared = k.sharedView(k.builder().getF64Type(), doubles);
      k.loop(k.index(0), k.index(passes.getChannels()), 1, [&](Value channel) {
        storeRow(k, shared, k.thread(), part(k, sample, channel));
        mergeRows(k, shared);
        k.ifThen(k.less(k.thread(), k.index(1)), [&] {
          store(k, sample, channel, loadRow(k, shared, k.thread()));
        });
      });
    });
  }

  static Sums loadRow(GpuKernelBody &k, Value shared, Value row) {
    Sums sums;
    for (int64_t i = 0; i < StatisticsPasses::sumCount; ++i)
      sums.push_back(k.loadScalar(
          shared, k.add(k.mul(row, StatisticsPasses::sumCount), i)));
    return sums;
  }
  static void storeRow(GpuKernelBody &k, Value shared, Value row,
                       ValueRange sums) {
    for (auto [i, sum] : llvm::enumerate(sums))
      k.storeScalar(sum, shared,
                    k.add(k.mul(row, StatisticsPasses::sumCount),
                          static_cast<int64_t>(i)));
  }
  /// Merges the rows of all threads to the first. It begins and ends with a
  /// barrier.
  static void mergeRows(GpuKernelBody &k, Value shared) {
    k.barrier();
    for (int64_t half = threads / 2; half > 0; half /= 2) {
      k.forThreads(half, [&](Value row) {
        storeRow(
            k, shared, row,
            StatisticsPasses::emitMerged(k, loadRow(k, shared, row),
                                         loadRow(k, shared, k.add(row, half))));
      });
      k.barrier();
    }
  }

  /// About 512 tiles of a sample, of some voxels for each thread.
  static StatisticsPasses passesOf(Operation *op) {
    auto statistics = cast<seg::ChannelStatisticsOp>(op);
    int64_t voxels = seg::spatialSize(statistics.getInput().getType());
    return {statistics, std::max<int64_t>(8 * threads,
                                          llvm::divideCeilSigned(voxels, 512))};
  }
};

} // namespace

void segc::addAugmentGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<AugmentKernel>());
  models.push_back(std::make_unique<ChannelStatisticsKernel>());
}
