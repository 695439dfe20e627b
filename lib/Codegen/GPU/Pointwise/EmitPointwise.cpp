//===- EmitPointwise.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of pointwise fusions. A thread computes one vector of consecutive
// elements, which it loads and stores at once. A vector that spans several
// pixels loads broadcast inputs lane by lane.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

static constexpr int64_t pointwiseThreads = 256;

namespace {
/// Emits the kernel of a fusion without a root.
class PointwiseKernel {
public:
  PointwiseKernel(GpuKernelBody &k, seg::FusionOp fusion,
                  RankedTensorType space, int64_t lanes, bool batched)
      : k(k), fusion(fusion), space(space), lanes(lanes),
        channels(space.getRank() ? seg::channels(space) : 1),
        pixels(batched ? space.getNumElements() / channels / space.getDimSize(0)
                       : space.getNumElements() / channels),
        batched(batched) {}

  void emit();

private:
  Point pointAt(Value element);
  void emitVector(Value element);
  Value perLane(BlockArgument input, Broadcast kind, Value element);

  GpuKernelBody &k;
  seg::FusionOp fusion;
  RankedTensorType space;
  int64_t lanes, channels, pixels; ///< Pixels of a sample if batched, else of
                                   ///< the tensor.
  bool batched;
};
} // namespace

void PointwiseKernel::emit() {
  Value size = batched ? k.mul(k.batch(), pixels * channels)
                       : k.index(pixels * channels);
  Value first = k.mul(k.add(k.mul(k.task(), k.threads()), k.thread()), lanes);
  Value past = k.add(first, lanes);
  k.ifThen(k.less(k.sub(past, 1), size), [&] { emitVector(first); });
  // The last vector may be partial.
  k.ifThen(k.less(size, past), [&] {
    k.loop(first, size, 1, [&](Value element) {
      PointwiseEmitter(k, fusion, space).emit(pointAt(element), 1, Value());
    });
  });
}

Point PointwiseKernel::pointAt(Value element) {
  Value pixel = k.div(element, channels);
  return {pixel, k.div(pixel, pixels), k.rem(element, channels)};
}

void PointwiseKernel::emitVector(Value element) {
  PointwiseEmitter pointwise(k, fusion, space);
  if (channels % lanes == 0)
    return pointwise.emit(pointAt(element), lanes, Value());
  DenseMap<Value, Value> values;
  for (BlockArgument input : fusion.getBody().getArguments()) {
    Broadcast kind =
        seg::classifyBroadcast(cast<RankedTensorType>(input.getType()), space);
    if (kind != Broadcast::None && kind != Broadcast::Scalar)
      values[input] = perLane(input, kind, element);
  }
  // With pixel 0, the channel is the linear index.
  pointwise.emit({k.index(0), k.index(0), element}, lanes, Value(), values);
}

Value PointwiseKernel::perLane(BlockArgument input, Broadcast kind,
                               Value element) {
  SmallVector<Value> scalars;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Point point = pointAt(k.add(element, lane));
    Value index = broadcastElement(k, kind, point, channels);
    scalars.push_back(k.loadScalar(k.input(input.getArgNumber()), index));
  }
  return vector::FromElementsOp::create(k.builder(), k.loc(),
                                        k.vectorType(lanes), scalars);
}

LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  FailureOr<PointwiseSpace> space = pointwiseSpace(fusion);
  if (failed(space))
    return failure();
  int64_t lanes = emitter.getTarget().lanes;
  int64_t size = space->type.getNumElements() /
                 (space->batched ? space->type.getDimSize(0) : 1);
  int64_t blocks = llvm::divideCeilSigned(size, pointwiseThreads * lanes);
  emitter.launch(
      space->batched ? TaskCount{0, blocks} : TaskCount{blocks, 0},
      pointwiseThreads, 0, [&](GpuKernelBody &k) {
        PointwiseKernel(k, fusion, space->type, lanes, space->batched).emit();
      });
  return success();
}

} // namespace segc
