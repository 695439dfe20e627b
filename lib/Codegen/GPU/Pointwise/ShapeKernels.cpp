//===- ShapeKernels.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels that copy (concat, slice_channels, crop, pad) and resampling. A
// thread computes a vector of channels of the result.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/ChannelCopies.h"
#include "segc/Codegen/Common/Resampling.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

namespace {

//===----------------------------------------------------------------------===//
// Copies of channels: concat, slice_channels
//===----------------------------------------------------------------------===//

/// The thread's vector lies in one of the copies.
void emitChannelCopies(GpuFusionEmitter &emitter, Value result,
                       ArrayRef<ChannelCopy> copies) {
  auto type = cast<RankedTensorType>(result.getType());
  auto inputChannels = [](const ChannelCopy &copy) {
    return seg::channels(cast<RankedTensorType>(copy.input.getType()));
  };
  int64_t channels = seg::channels(type);
  SmallVector<int64_t> numbers{channels};
  for (const ChannelCopy &copy : copies)
    numbers.append({inputChannels(copy), copy.from, copy.to, copy.size});
  int64_t lanes = vectorLanes(emitter.getTarget(), numbers);
  launchVectors(
      emitter, type, lanes, [&](GpuKernelBody &k, const ActivationVector &at) {
        Value pixel = k.div(at.element, channels);
        for (const ChannelCopy &copy : copies) {
          Value own = k.sub(at.channel, copy.to);
          auto emit = [&] {
            Value source =
                k.add(k.add(k.mul(pixel, inputChannels(copy)), own), copy.from);
            k.store(k.load(inputOf(k, copy.input), source, lanes),
                    outputOf(k, result), at.element);
          };
          if (copies.size() == 1)
            emit();
          else
            k.ifThen(k.both(k.less(k.index(-1), own),
                            k.less(own, k.index(copy.size))),
                     emit);
        }
      });
}

template <typename Op>
struct ChannelCopyKernel : GpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto copy = cast<Op>(op);
    emitChannelCopies(emitter, copy.getOutput(), channelCopies(copy));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Copies of boxes: crop, pad
//===----------------------------------------------------------------------===//

/// result[position] = input[position + shift], zero outside of the input.
void emitBoxCopy(GpuFusionEmitter &emitter, Value input, Value result,
                 ArrayRef<int64_t> shift) {
  auto in = cast<RankedTensorType>(input.getType()),
       out = cast<RankedTensorType>(result.getType());
  int64_t channels = seg::channels(out),
          lanes = vectorLanes(emitter.getTarget(), channels);
  launchVectors(
      emitter, out, lanes, [&](GpuKernelBody &k, const ActivationVector &at) {
        Value pixel = at.sample, inside;
        for (auto [d, position] : llvm::enumerate(at.position)) {
          int64_t size = in.getDimSize(1 + d);
          Value from = k.add(position, shift[d]);
          pixel = k.add(k.mul(pixel, size), from);
          if (shift[d] < 0)
            inside = inside ? k.both(inside, k.less(k.index(-1), from))
                            : k.less(k.index(-1), from);
          if (shift[d] + out.getDimSize(1 + d) > size)
            inside = inside ? k.both(inside, k.less(from, k.index(size)))
                            : k.less(from, k.index(size));
        }
        auto load = [&] {
          return k.load(inputOf(k, input),
                        k.add(k.mul(pixel, channels), at.channel), lanes);
        };
        Value value =
            inside ? k.ifElse(inside, load, [&] { return k.zeroVector(lanes); })
                   : load();
        k.store(value, outputOf(k, result), at.element);
      });
}

struct CropKernel : GpuOpModel<seg::CropOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto crop = cast<seg::CropOp>(op);
    emitBoxCopy(emitter, crop.getInput(), crop.getOutput(), crop.getOffsets());
    return success();
  }
};

struct PadKernel : GpuOpModel<seg::PadOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto pad = cast<seg::PadOp>(op);
    SmallVector<int64_t> shift;
    for (int64_t low : pad.getLow())
      shift.push_back(-low);
    emitBoxCopy(emitter, pad.getInput(), pad.getOutput(), shift);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Resampling
//===----------------------------------------------------------------------===//

template <typename Op>
struct ResizeKernel : GpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    Resampling resampling(cast<Op>(op));
    auto type = cast<RankedTensorType>(resampling.result.getType());
    int64_t lanes = vectorLanes(emitter.getTarget(), seg::channels(type));
    launchVectors(emitter, type, lanes,
                  [&](GpuKernelBody &k, const ActivationVector &at) {
                    k.store(ResamplingBody(k, resampling)
                                .valueAt(at.position, at.sample, at.channel,
                                         lanes, Value()),
                            outputOf(k, resampling.result), at.element);
                  });
    return success();
  }
};

/// A thread computes a label.
struct DownsampleLabelsKernel : GpuOpModel<seg::DownsampleLabelsOp> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto downsample = cast<seg::DownsampleLabelsOp>(op);
    int64_t voxels = ShapedType::getNumElements(
        downsample.getOutput().getType().getShape().drop_front());
    launchThreads(emitter, voxels, /*eachSample=*/true,
                  [&](GpuKernelBody &k, Value sample, Value voxel) {
                    k.storeScalar(
                        downsampledLabel(k, downsample, sample, voxel),
                        outputOf(k, downsample.getOutput()),
                        k.add(k.mul(sample, voxels), voxel));
                  });
    return success();
  }
};

} // namespace

void segc::addShapeGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<ChannelCopyKernel<seg::ConcatOp>>());
  models.push_back(std::make_unique<CropKernel>());
  models.push_back(std::make_unique<DownsampleLabelsKernel>());
  models.push_back(std::make_unique<PadKernel>());
  models.push_back(std::make_unique<ResizeKernel<seg::ResizeGradOp>>());
  models.push_back(std::make_unique<ResizeKernel<seg::ResizeOp>>());
  models.push_back(std::make_unique<ChannelCopyKernel<seg::SliceChannelsOp>>());
}
