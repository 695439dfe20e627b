//===- EmitPointwise.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of pointwise fusions. A thread computes one vector of consecutive
// elements, which it loads and stores at once, or several with the same
// channels, for which it loads what is broadcast along pixels once. A vector
// that spans several pixels loads broadcast inputs lane by lane.

#include "PointwiseBlocks.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/bit.h"
#include <numeric>

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {
namespace {

/// Emits one block of threads with a vector each.
class PointwiseKernel {
public:
  PointwiseKernel(GpuKernelBody &k, const PointwiseBlocks &blocks, Value block)
      : k(k), fusion(blocks.fusion), ops(blocks.ops), space(blocks.space),
        lanes(blocks.lanes), channels(blocks.channels()),
        pixels(blocks.pixels()), batched(blocks.batched), block(block) {}

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

/// Emits one block of threads with several vectors each.
class PositionsKernel {
public:
  PositionsKernel(GpuKernelBody &k, const PointwiseBlocks &blocks)
      : k(k), blocks(blocks),
        inputs(pointwiseOperands(blocks.fusion, blocks.ops, blocks.space)) {}

  void emit(Value block);

private:
  Value load(const PointwiseOperand &operand, const Point &point);
  /// Emits so many positions, whose loads come before their stores.
  void emitPositions(const Point &first, int64_t count);

  GpuKernelBody &k;
  const PointwiseBlocks &blocks;
  SmallVector<PointwiseOperand> inputs;
  DenseMap<Value, Value> shared; ///< Operands that all positions have.
};

} // namespace

SmallVector<PointwiseOperand>
pointwiseOperands(seg::FusionOp fusion, const llvm::SetVector<Operation *> &ops,
                  RankedTensorType space) {
  SmallVector<PointwiseOperand> operands;
  for (BlockArgument input : fusion.getBody().getArguments())
    if (llvm::any_of(input.getUsers(),
                     [&](Operation *user) { return ops.contains(user); }))
      operands.push_back(
          {input, seg::classifyBroadcast(
                      cast<RankedTensorType>(input.getType()), space)});
  return operands;
}

//===----------------------------------------------------------------------===//
// A vector of a thread
//===----------------------------------------------------------------------===//

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
  for (auto [input, kind] : pointwiseOperands(fusion, ops, space))
    if (kind != Broadcast::None && kind != Broadcast::Scalar)
      values[input] = perLane(input, kind, element);
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

//===----------------------------------------------------------------------===//
// Several vectors of a thread
//===----------------------------------------------------------------------===//

Value PositionsKernel::load(const PointwiseOperand &operand,
                            const Point &point) {
  return loadBroadcast(k, k.input(operand.input.getArgNumber()), operand.kind,
                       point, blocks.channels(), blocks.lanes, Value());
}

void PositionsKernel::emitPositions(const Point &first, int64_t count) {
  int64_t vectors = blocks.channels() / blocks.lanes;
  SmallVector<std::pair<Point, DenseMap<Value, Value>>> positions;
  for (int64_t i = 0; i < count; ++i) {
    Point point = first;
    point.pixel = k.add(point.pixel, i * (blocks.stride() / vectors));
    auto &values = positions.emplace_back(point, shared).second;
    for (const PointwiseOperand &operand : inputs)
      if (!operand.isShared())
        values[operand.input] = load(operand, point);
  }
  PointwiseEmitter pointwise(k, blocks.fusion, blocks.space, blocks.ops);
  for (const auto &[point, values] : positions)
    pointwise.emit(point, blocks.lanes, Value(), values);
}

void PositionsKernel::emit(Value block) {
  int64_t vectors = blocks.channels() / blocks.lanes, count = blocks.count(),
          stride = blocks.stride(), members = stride / k.threads(),
          underWay = blocks.positionsUnderWay();
  Value sample = blocks.batched ? k.div(block, count) : k.index(0);
  Value own = blocks.batched ? k.rem(block, count) : block;
  // Blocks in groups compute a stride for each position of their threads.
  Value lane = k.add(k.mul(k.rem(own, members), k.threads()), k.thread());
  Value first =
      k.add(k.mul(k.div(own, members), stride * blocks.positions), lane);
  Value sampleStart = k.mul(sample, blocks.pixels());
  auto pointAt = [&](Value vector) -> Point {
    return {k.add(sampleStart, k.div(vector, vectors)), sample,
            k.mul(k.rem(lane, vectors), blocks.lanes)};
  };
  Point point = pointAt(first);
  for (const PointwiseOperand &operand : inputs)
    if (operand.isShared())
      shared[operand.input] = load(operand, point);

  OpBuilder &b = k.builder();
  Value limit = k.index(blocks.pixels() * vectors);
  Value last = k.add(first, (blocks.positions - 1) * stride);
  auto whole = scf::IfOp::create(b, k.loc(), k.less(last, limit),
                                 /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(whole.thenBlock());
  k.loop(k.index(0), k.index(blocks.positions), underWay, [&](Value i) {
    Point next = point;
    next.pixel = k.add(next.pixel, k.mul(i, stride / vectors));
    emitPositions(next, underWay);
  });
  b.setInsertionPointToStart(whole.elseBlock());
  k.loop(first, limit, stride,
         [&](Value vector) { emitPositions(pointAt(vector), 1); });
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

int64_t PointwiseBlocks::channels() const {
  return space.getRank() ? seg::channels(space) : 1;
}

int64_t PointwiseBlocks::pixels() const {
  return space.getNumElements() / channels() /
         (batched ? space.getDimSize(0) : 1);
}

int64_t PointwiseBlocks::stride() const {
  return std::lcm(pointwiseThreads, channels() / lanes);
}

int64_t PointwiseBlocks::positionsUnderWay() const {
  // Loads of a thread that hide what they wait for, and what the registers
  // hold of them.
  constexpr int64_t wantedBytes = 32, maxPositions = 4;
  int64_t bytes = 0;
  for (const PointwiseOperand &operand : pointwiseOperands(fusion, ops, space))
    if (!operand.isShared())
      bytes += operand.elementBytes() * lanes;
  int64_t wanted = std::min(
      maxPositions,
      llvm::divideCeilSigned(wantedBytes, std::max<int64_t>(bytes, 1)));
  return std::gcd(positions, static_cast<int64_t>(llvm::bit_floor(
                                 static_cast<uint64_t>(wanted))));
}

int64_t PointwiseBlocks::count() const {
  if (positions == 1)
    return llvm::divideCeilSigned(pixels() * channels(),
                                  pointwiseThreads * lanes);
  int64_t vectors = pixels() * (channels() / lanes);
  return llvm::divideCeilSigned(vectors, stride() * positions) *
         (stride() / pointwiseThreads);
}

void PointwiseBlocks::emit(GpuKernelBody &k, Value block) const {
  if (positions > 1)
    return PositionsKernel(k, *this).emit(block);
  PointwiseKernel(k, *this, block).emit();
}

LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter) {
  std::optional<PointwiseBlocks> blocks =
      pointwiseBlocks(emitter.getFusion(), emitter.getTarget());
  if (!blocks)
    return failure();
  emitter.launch(blocks->batched ? TaskCount{0, blocks->count()}
                                 : TaskCount{blocks->count(), 0},
                 pointwiseThreads, 0,
                 [&](GpuKernelBody &k) { blocks->emit(k, k.task()); });
  return success();
}

} // namespace segc
