//===- ElementwiseKernels.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sums over pixels and channels, and softmax.

#include "Reductions/PixelChannels.h"
#include "Reductions/TileReductions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// Samples, pixels of one sample and channels. Rank 1 is one pixel.
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

//===----------------------------------------------------------------------===//
// channel_sum: sums of tiles, then their sum in order
//===----------------------------------------------------------------------===//

struct ChannelSumKernel
    : CpuKernelOpInterface::ExternalModel<ChannelSumKernel, seg::ChannelSumOp> {
  DictionaryAttr selectCpuStrategy(Operation *, seg::FusionOp fusion,
                                   const CpuStrategyContext &) const {
    return reductionStrategy(fusion);
  }
  LogicalResult emitCpuKernel(Operation *, FusionEmitter &emitter) const {
    return emitReductionFusion(emitter);
  }
  bool hasCpuReductions(Operation *) const { return true; }
  double flopsPerSample(Operation *op) const {
    Extent extent(cast<seg::ChannelSumOp>(op).getInput().getType());
    return extent.pixels * extent.channels;
  }
};

struct ChannelSumReduction
    : CpuReductionOpInterface::ExternalModel<ChannelSumReduction,
                                             seg::ChannelSumOp> {
  MomentLayout momentLayout(Operation *op, const TileGrid &grid,
                            int64_t base) const {
    return {cast<seg::ChannelSumOp>(op).getInput().getType(),
            seg::NormKind::batch, 0, grid, base};
  }
  unsigned sumCount(Operation *) const { return 1; }

  SmallVector<Value> terms(Operation *op, KernelBody &k, Value index,
                           int64_t lanes, Value mask, ValueRange) const {
    Value input = memoryOf(k, cast<seg::ChannelSumOp>(op).getInput());
    return {k.load(input, index, lanes, mask)};
  }

  void emitMerge(Operation *op, FusionEmitter &emitter,
                 const MomentLayout &layout) const {
    auto sum = cast<seg::ChannelSumOp>(op);
    int64_t lanes = emitter.getTarget().lanes;
    emitter.launch(
        {llvm::divideCeilSigned(layout.channels, lanes), 0}, 0,
        [&](KernelBody &k) {
          Value channel = k.mul(k.task(), lanes);
          Value mask =
              k.prefixMask(k.sub(k.index(layout.channels), channel), lanes);
          Value total = k.loop(
              k.index(0), k.mul(layout.callSamples(k), layout.tiles), 1,
              toDouble(k, k.zeroVector(lanes)),
              [&](Value tile, ValueRange carried) {
                Value row = layout.tileRow(k, k.index(0), tile);
                Value part = toDouble(
                    k, k.load(k.sums(), k.add(row, channel), lanes, mask));
                return SmallVector<Value>{arith::AddFOp::create(
                    k.builder(), k.loc(), carried[0], part)};
              })[0];
          k.store(toFloat(k, total), outputOf(k, sum.getOutput()), channel,
                  mask);
        });
  }
};

//===----------------------------------------------------------------------===//
// A pixel a lane: channel_total, softmax, softmax_grad
//===----------------------------------------------------------------------===//

/// Calls `body` with vectors of pixels; what it returns is stored in the op's
/// only result.
LogicalResult emitByPixels(
    FusionEmitter &emitter, Operation *op,
    llvm::function_ref<PixelChannels(KernelBody &, ArrayRef<PixelChannels>)>
        body) {
  Extent extent(cast<RankedTensorType>(op->getOperand(0).getType()));
  int64_t lanes = emitter.getTarget().lanes;
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

struct ChannelTotalKernel
    : CpuKernelOpInterface::ExternalModel<ChannelTotalKernel,
                                          seg::ChannelTotalOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "channel_total");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return emitByPixels(
        emitter, op, [](KernelBody &k, ArrayRef<PixelChannels> operands) {
          const PixelChannels &input = operands[0];
          Value first = input.get(k, 0);
          seg::PointwiseMath m(k.builder(), k.loc(), first.getType());
          PixelChannels total(1, input.getLanes());
          total.set(k, Channel(0),
                    forChannels(k, 1, input.size(), first,
                                [&](Channel c,
                                    ValueRange carried) -> SmallVector<Value> {
                                  return {m.add(carried[0], input.get(k, c))};
                                })[0]);
          return total;
        });
  }
  double flopsPerSample(Operation *op) const {
    Extent extent(cast<seg::ChannelTotalOp>(op).getInput().getType());
    return extent.pixels * extent.channels;
  }
};

struct SoftmaxKernel
    : CpuKernelOpInterface::ExternalModel<SoftmaxKernel, seg::SoftmaxOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "softmax");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return emitByPixels(
        emitter, op, [](KernelBody &k, ArrayRef<PixelChannels> operands) {
          return emitSoftmax(k, operands[0], /*buffer=*/0).probabilities;
        });
  }
  double flopsPerSample(Operation *op) const {
    Extent extent(cast<seg::SoftmaxOp>(op).getInput().getType());
    return extent.pixels * extent.channels *
           20.0; // Most of it the exponential.
  }
};

struct SoftmaxGradKernel
    : CpuKernelOpInterface::ExternalModel<SoftmaxGradKernel,
                                          seg::SoftmaxGradOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "softmax_grad");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return emitByPixels(emitter, op,
                        [](KernelBody &k, ArrayRef<PixelChannels> operands) {
                          PixelChannels grads = operands[1];
                          emitSoftmaxGrad(k, operands[0], grads);
                          return grads;
                        });
  }
  double flopsPerSample(Operation *op) const {
    Extent extent(cast<seg::SoftmaxGradOp>(op).getOutput().getType());
    return extent.pixels * extent.channels * 4.0;
  }
};

} // namespace

void segc::registerElementwiseCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::ChannelSumOp::attachInterface<ChannelSumKernel, ChannelSumReduction>(
        *context);
    seg::ChannelTotalOp::attachInterface<ChannelTotalKernel>(*context);
    seg::SoftmaxGradOp::attachInterface<SoftmaxGradKernel>(*context);
    seg::SoftmaxOp::attachInterface<SoftmaxKernel>(*context);
  });
}
