//===- ResizeKernels.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Resampling and its transpose, with channels in lanes, and labels of coarser
// grids.

#include "KernelHelpers.h"

#include "segc/Codegen/Common/Resampling.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

template <typename Op>
struct ResizeKernel : CpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    Resampling resampling(cast<Op>(op));
    auto out = cast<RankedTensorType>(resampling.result.getType());
    int64_t lanes = cpuTarget(emitter).lanes, channels = seg::channels(out),
            pixels = seg::spatialSize(out);
    int64_t tilePixels = std::max<int64_t>(
        1, taskElements / static_cast<int64_t>(channels * resampling.terms()));
    emitter.launch(
        {0, llvm::divideCeilSigned(pixels, tilePixels)}, 0, [&](KernelBody &k) {
          ResamplingBody body(k, resampling);
          Tile tile = sampleTile(k, pixels, tilePixels);
          Value output = outputOf(k, resampling.result);
          k.loop(tile.begin, tile.end, 1, [&](Value pixel) {
            SmallVector<Value> position =
                k.delinearize(pixel, seg::spatialDims(out));
            Value destination =
                k.mul(k.add(k.mul(tile.sample, pixels), pixel), channels);
            forRow(k, channels, lanes, [&](Value channel, Value mask) {
              k.store(body.valueAt(position, tile.sample, channel, lanes, mask),
                      output, k.add(destination, channel), mask);
            });
          });
        });
    return success();
  }
};

/// One label after the other: what reads them takes longer by far.
struct DownsampleLabelsKernel : CpuOpModel<seg::DownsampleLabelsOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto downsample = cast<seg::DownsampleLabelsOp>(op);
    int64_t voxels = ShapedType::getNumElements(
        downsample.getOutput().getType().getShape().drop_front());
    emitter.launch({0, llvm::divideCeilSigned(voxels, taskElements)}, 0,
                   [&](KernelBody &k) {
                     Tile tile = sampleTile(k, voxels, taskElements);
                     Value output = outputOf(k, downsample.getOutput());
                     k.loop(tile.begin, tile.end, 1, [&](Value voxel) {
                       k.storeScalar(
                           downsampledLabel(k, downsample, tile.sample, voxel),
                           output, k.add(k.mul(tile.sample, voxels), voxel));
                     });
                   });
    return success();
  }
};

} // namespace

void segc::addResizeModels(KernelModels &models) {
  models.push_back(std::make_unique<DownsampleLabelsKernel>());
  models.push_back(std::make_unique<ResizeKernel<seg::ResizeGradOp>>());
  models.push_back(std::make_unique<ResizeKernel<seg::ResizeOp>>());
}
