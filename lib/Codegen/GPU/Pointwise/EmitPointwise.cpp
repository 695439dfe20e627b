//===- EmitPointwise.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of pointwise fusions. A thread computes one vector of consecutive
// elements, which it loads and stores at once. A vector that spans several
// pixels loads broadcast inputs lane by lane.

#include "PointwiseBlocks.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {
namespace {
/// Emits one block.
class PointwiseKernel {
public:
  PointwiseKernel(GpuKernelBody &k, const PointwiseBlocks &blocks, Value block)
      : k(k), fusion(blocks.fusion), ops(blocks.ops), space(blocks.space),
        lanes(blocks.lanes),
        channels(space.getRank() ? seg::channels(space) : 1),
        pixels(blocks.batched
                   ? space.getNumElements() / channels / space.getDimSize(0)
                   : space.getNumElements() / channels),
        batched(blocks.batched), block(block) {}

  void emit();

private:
  Point pointAt(Value element);
  void emitVector(Value element);
  Value perLane(BlockArgument input, Broadcast kind, Value element);

  GpuKernelBody &k;
  seg::FusionOp fusion;
  const llvm::SetVector<Operation *> &ops;
  RankedTensorType space;
  int64_t lanes, channels, pixels; ///< Pixels of a sample if batched, else of
                                   ///< the tensor.
  bool batched;
  Value block;
};
} // namespace

void PointwiseKernel::emit() {
  Value size = batched ? k.mul(k.batch(), pixels * channels)
                       : k.index(pixels * channels);
  Value first = k.mul(k.add(k.mul(block, k.threads()), k.thread()), lanes);
  Value past = k.add(first, lanes);
  k.ifThen(k.less(k.sub(past, 1), size), [&] { emitVector(first); });
  // The last vector may be partial.
  k.ifThen(k.less(size, past), [&] {
    k.loop(first, size, 1, [&](Value element) {
      PointwiseEmitter(k, fusion, space, ops)
          .emit(pointAt(element), 1, Value());
    });
  });
}

Point PointwiseKernel::pointAt(Value element) {
  Value pixel = k.div(element, channels);
  return {pixel, k.div(pixel, pixels), k.rem(element, channels)};
}

void PointwiseKernel::emitVector(Value element) {
  PointwiseEmitter pointwise(k, fusion, space, ops);
  if (channels % lanes == 0)
    return pointwise.emit(pointAt(element), lanes, Value());
  DenseMap<Value, Value> values;
  for (BlockArgument input : fusion.getBody().getArguments()) {
    if (llvm::none_of(input.getUsers(),
                      [&](Operation *user) { return ops.contains(user); }))
      continue;
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

int64_t PointwiseBlocks::count() const {
  int64_t size = space.getNumElements() / (batched ? space.getDimSize(0) : 1);
  return llvm::divideCeilSigned(size, pointwiseThreads * lanes);
}

void PointwiseBlocks::emit(GpuKernelBody &k, Value block) const {
  PointwiseKernel(k, *this, block).emit();
}

LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  FailureOr<PointwiseSpace> space = pointwiseSpace(fusion);
  if (failed(space))
    return failure();
  PointwiseBlocks blocks{fusion, fusion.getEpilogue(), space->type,
                         space->batched, emitter.getTarget().lanes};
  emitter.launch(space->batched ? TaskCount{0, blocks.count()}
                                : TaskCount{blocks.count(), 0},
                 pointwiseThreads, 0,
                 [&](GpuKernelBody &k) { blocks.emit(k, k.task()); });
  return success();
}

} // namespace segc
