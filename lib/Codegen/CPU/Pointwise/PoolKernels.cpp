//===- PoolKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Max pooling and its gradient. A task computes rows of windows, with channels
// in lanes.

#include "KernelHelpers.h"

#include "segc/Codegen/Common/Pooling.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// The tiles of a sample's rows of windows.
int64_t tileRowsOf(const MaxPoolWindows &windows) {
  return std::max<int64_t>(
      1, taskElements /
             (windows.small.back() * windows.channels * windows.taps()));
}
TaskCount tasksOf(const MaxPoolWindows &windows) {
  return {0, llvm::divideCeilSigned(windows.rows(), tileRowsOf(windows))};
}

/// Calls `body` for vectors of channels of all windows of a task.
void emitWindows(KernelBody &k, const MaxPoolWindows &windows, int64_t lanes,
                 llvm::function_ref<void(const MaxPoolVector &)> body) {
  Tile tile = sampleTile(k, windows.rows(), tileRowsOf(windows));
  k.loop(tile.begin, tile.end, 1, [&](Value row) {
    SmallVector<Value> position = k.delinearize(row, windows.small.drop_back());
    SmallVector<Value> rows = windows.rowsOf(k, tile.sample, position);
    Value smallRow = k.add(k.mul(tile.sample, windows.rows()), row);
    k.loop(k.index(0), k.index(windows.small.back()), 1, [&](Value x) {
      Value small = k.mul(k.add(k.mul(smallRow, windows.small.back()), x),
                          windows.channels);
      SmallVector<Value> taps = windows.tapsOf(k, rows, x);
      forRow(k, windows.channels, lanes, [&](Value channel, Value mask) {
        SmallVector<Value> elements;
        for (Value tap : taps)
          elements.push_back(k.add(tap, channel));
        body({elements, k.add(small, channel), lanes, mask});
      });
    });
  });
}

struct MaxPoolKernel : CpuOpModel<seg::MaxPoolOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolOp>(op);
    MaxPoolWindows windows(pool);
    emitter.launch(tasksOf(windows), 0, [&](KernelBody &k) {
      emitWindows(
          k, windows, cpuTarget(emitter).lanes,
          [&](const MaxPoolVector &window) { emitMaxPool(k, pool, window); });
    });
    return success();
  }
};

/// Emits a launch that clears the result before the launch that computes the
/// windows.
void emitZeros(FusionEmitter &emitter, Value result) {
  auto type = cast<RankedTensorType>(result.getType());
  int64_t size = type.getNumElements() / type.getDimSize(0),
          lanes = cpuTarget(emitter).lanes;
  emitter.launch(
      {0, llvm::divideCeilSigned(size, taskElements)}, 0, [&](KernelBody &k) {
        Tile tile = sampleTile(k, size, taskElements);
        Value base = k.mul(tile.sample, size), output = outputOf(k, result);
        forVectors(k, tile.begin, tile.end, lanes, 4, [&](Value i, Value mask) {
          k.store(k.zeroVector(lanes), output, k.add(base, i), mask);
        });
      });
}

struct MaxPoolGradKernel : CpuOpModel<seg::MaxPoolGradOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolGradOp>(op);
    MaxPoolWindows windows(pool);
    if (windows.hasGaps())
      emitZeros(emitter, pool.getOutput());
    emitter.launch(tasksOf(windows), 0, [&](KernelBody &k) {
      emitWindows(k, windows, cpuTarget(emitter).lanes,
                  [&](const MaxPoolVector &window) {
                    emitMaxPoolGrad(k, pool, window);
                  });
    });
    return success();
  }
};

} // namespace

void segc::addPoolModels(KernelModels &models) {
  models.push_back(std::make_unique<MaxPoolGradKernel>());
  models.push_back(std::make_unique<MaxPoolKernel>());
  addAvgPoolModels(models);
}
