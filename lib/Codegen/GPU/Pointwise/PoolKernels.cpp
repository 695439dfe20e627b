//===- PoolKernels.cpp - Pooling ------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A thread computes a vector of channels: of a window in max pooling and its
// gradient, of a position of the result in average pooling and its gradient.

#include "KernelHelpers.h"

#include "segc/Codegen/Common/Pooling.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

namespace {

int64_t lanesOf(GpuFusionEmitter &emitter, RankedTensorType type) {
  return vectorLanes(emitter.getTarget(), seg::channels(type));
}

/// Adds a launch with a thread for each vector of the windows' values.
void launchWindows(
    GpuFusionEmitter &emitter, const MaxPoolWindows &windows,
    RankedTensorType small,
    llvm::function_ref<void(GpuKernelBody &, const MaxPoolVector &)> body) {
  int64_t lanes = lanesOf(emitter, small);
  launchVectors(
      emitter, small, lanes, [&](GpuKernelBody &k, const ActivationVector &at) {
        auto rows =
            windows.rowsOf(k, at.sample, ArrayRef(at.position).drop_back());
        SmallVector<Value> taps;
        for (Value tap : windows.tapsOf(k, rows, at.position.back()))
          taps.push_back(k.add(tap, at.channel));
        body(k, {taps, at.element, lanes, Value()});
      });
}

struct MaxPoolKernel : GpuOpModel<seg::MaxPoolOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolOp>(op);
    launchWindows(emitter, MaxPoolWindows(pool), pool.getOutput().getType(),
                  [&](GpuKernelBody &k, const MaxPoolVector &window) {
                    emitMaxPool(k, pool, window);
                  });
    return success();
  }
};

struct MaxPoolGradKernel : GpuOpModel<seg::MaxPoolGradOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolGradOp>(op);
    MaxPoolWindows windows(pool);
    RankedTensorType large = pool.getOutput().getType();
    int64_t lanes = lanesOf(emitter, large);
    if (windows.hasGaps())
      launchVectors(emitter, large, lanes,
                    [&](GpuKernelBody &k, const ActivationVector &at) {
                      k.store(k.zeroVector(lanes),
                              outputOf(k, pool.getOutput()), at.element);
                    });
    launchWindows(emitter, windows, pool.getGrad().getType(),
                  [&](GpuKernelBody &k, const MaxPoolVector &window) {
                    emitMaxPoolGrad(k, pool, window);
                  });
    return success();
  }
};

template <typename Op>
struct AvgPoolKernel : GpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    AvgPooling pooling(cast<Op>(op));
    auto type = cast<RankedTensorType>(pooling.getResult().getType());
    int64_t lanes = lanesOf(emitter, type);
    launchVectors(emitter, type, lanes,
                  [&](GpuKernelBody &k, const ActivationVector &at) {
                    k.store(pooling.valueAt(k, at.position, at.sample,
                                            at.channel, lanes, Value()),
                            outputOf(k, pooling.getResult()), at.element);
                  });
    return success();
  }
};

} // namespace

void segc::addPoolGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<MaxPoolGradKernel>());
  models.push_back(std::make_unique<MaxPoolKernel>());
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolGradOp>>());
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolOp>>());
}
