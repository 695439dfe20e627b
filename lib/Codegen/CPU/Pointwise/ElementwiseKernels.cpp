//===- ElementwiseKernels.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sums over channels and softmax, with a pixel in each lane.

#include "KernelHelpers.h"
#include "Reductions/PixelChannels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// Samples, pixels of a sample, and channels. A tensor of rank 1 is one pixel.
struct Extent {
  explicit Extent(RankedTensorType type)
      : channels(type.getShape().back()),
        samples(type.getRank() > 1 ? type.getDimSize(0) : 1),
        pixels(type.getNumElements() / channels / samples),
        batched(type.getRank() > 1) {}
  int64_t tilePixels() const {
    return std::max<int64_t>(1, taskElements / channels);
  }
  int64_t tiles() const { return llvm::divideCeilSigned(pixels, tilePixels()); }
  TaskCount tasks() const {
    return batched ? TaskCount{0, tiles()} : TaskCount{tiles(), 0};
  }

  int64_t channels, samples, pixels;
  bool batched;
};

/// Emits a loop that calls `body` with vectors of pixels and stores its return
/// value in the op's only result.
LogicalResult emitByPixels(
    FusionEmitter &emitter, Operation *op,
    llvm::function_ref<PixelChannels(KernelBody &, ArrayRef<PixelChannels>)>
        body) {
  Extent extent(cast<RankedTensorType>(op->getOperand(0).getType()));
  int64_t lanes = cpuTarget(emitter).lanes;
  int64_t scratch =
      PixelChannels::scratchBytes(extent.channels, lanes, op->getNumOperands());
  emitter.launch(extent.tasks(), scratch, [&](KernelBody &k) {
    Tile tile = sampleTile(k, extent.pixels, extent.tilePixels());
    Value base = k.mul(tile.sample, extent.pixels),
          output = outputOf(k, op->getResult(0));
    forPixelVectors(
        k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
        [&](Value pixel, Value count, Value) {
          SmallVector<PixelChannels> operands;
          for (auto [i, operand] : llvm::enumerate(op->getOperands()))
            operands.push_back(loadPixels(k, inputOf(k, operand), pixel,
                                          extent.channels, lanes, count, i));
          storePixels(k, body(k, operands), output, pixel, count);
        });
  });
  return success();
}

struct ChannelTotalKernel : CpuOpModel<seg::ChannelTotalOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    return emitByPixels(emitter, op,
                        [](KernelBody &k, ArrayRef<PixelChannels> operands) {
                          const PixelChannels &input = operands[0];
                          PixelChannels total(1, input.getLanes());
                          total.set(k, Channel(0), emitChannelTotal(k, input));
                          return total;
                        });
  }
};

struct SoftmaxKernel : CpuOpModel<seg::SoftmaxOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    return emitByPixels(emitter, op,
                        [](KernelBody &k, ArrayRef<PixelChannels> operands) {
                          PixelChannels probabilities(operands[0].size(),
                                                      operands[0].getLanes());
                          emitSoftmax(k, operands[0], probabilities);
                          return probabilities;
                        });
  }
};

struct SoftmaxGradKernel : CpuOpModel<seg::SoftmaxGradOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    return emitByPixels(emitter, op,
                        [](KernelBody &k, ArrayRef<PixelChannels> operands) {
                          PixelChannels grads = operands[1];
                          emitSoftmaxGrad(k, operands[0], grads);
                          return grads;
                        });
  }
};

} // namespace

void segc::addElementwiseModels(KernelModels &models) {
  models.push_back(std::make_unique<ChannelTotalKernel>());
  models.push_back(std::make_unique<SoftmaxGradKernel>());
  models.push_back(std::make_unique<SoftmaxKernel>());
}
