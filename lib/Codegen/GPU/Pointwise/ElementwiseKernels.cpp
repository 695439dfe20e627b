//===- ElementwiseKernels.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sums over channels and softmax, with a thread for each pixel.

#include "KernelHelpers.h"
#include "Reductions/ThreadChannels.h"

#include "segc/Codegen/Common/Softmax.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// Emits a launch that calls `body` for each pixel with the channels of the
/// operands and, of `results` channels, room for those of the op's only result.
LogicalResult
emitByPixels(GpuFusionEmitter &emitter, Operation *op, int64_t results,
             llvm::function_ref<void(KernelBody &, ArrayRef<MemoryChannels>,
                                     ThreadChannels &)>
                 body) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  int64_t channels = type.getShape().back();
  // A tensor of rank 1 is one pixel.
  bool batched = type.getRank() > 1;
  int64_t pixels =
      type.getNumElements() / channels / (batched ? type.getDimSize(0) : 1);
  int64_t floats = ThreadChannels::sharedFloats(results),
          threads = threadsWithShared(emitter.getTarget(), floats, 256);
  if (!threads)
    return op->emitOpError("has more channels than the shared memory of a GPU "
                           "holds: ")
           << results;
  int64_t blocks = llvm::divideCeilSigned(pixels, threads);
  emitter.launch(
      batched ? TaskCount{0, blocks} : TaskCount{blocks, 0}, threads,
      floats * threads, [&](GpuKernelBody &k) {
        Value sample = k.div(k.task(), blocks);
        Value own = k.add(k.mul(k.rem(k.task(), blocks), threads), k.thread());
        k.ifThen(k.less(own, k.index(pixels)), [&] {
          Value pixel = k.add(k.mul(sample, pixels), own);
          SmallVector<MemoryChannels> operands;
          for (Value operand : op->getOperands())
            operands.emplace_back(k, inputOf(k, operand), pixel, channels);
          ThreadChannels result(k, results, threads, /*base=*/0);
          body(k, operands, result);
          storeChannels(k, result, outputOf(k, op->getResult(0)), pixel);
        });
      });
  return success();
}

int64_t channelsOf(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getShape().back();
}

struct ChannelTotalKernel : GpuOpModel<seg::ChannelTotalOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    return emitByPixels(emitter, op, channelsOf(op),
                        [](KernelBody &k, ArrayRef<MemoryChannels> operands,
                           ThreadChannels &total) {
                          total.set(k, Channel(0),
                                    emitChannelTotal(k, operands[0]));
                        });
  }
};

struct SoftmaxKernel : GpuOpModel<seg::SoftmaxOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    return emitByPixels(emitter, op, channelsOf(op),
                        [](KernelBody &k, ArrayRef<MemoryChannels> operands,
                           ThreadChannels &probabilities) {
                          emitSoftmax(k, operands[0], probabilities);
                        });
  }
};

struct SoftmaxGradKernel : GpuOpModel<seg::SoftmaxGradOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    return emitByPixels(emitter, op, channelsOf(op),
                        [](KernelBody &k, ArrayRef<MemoryChannels> operands,
                           ThreadChannels &grads) {
                          forChannels(k, grads.size(), [&](Channel c) {
                            grads.set(k, c, operands[1].get(k, c));
                          });
                          emitSoftmaxGrad(k, operands[0], grads);
                        });
  }
};

} // namespace

void segc::addElementwiseGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<ChannelTotalKernel>());
  models.push_back(std::make_unique<SoftmaxGradKernel>());
  models.push_back(std::make_unique<SoftmaxKernel>());
}
