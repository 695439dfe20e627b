//===- PointwiseEmitter.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/PointwiseEmitter.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

FailureOr<PointwiseSpace> pointwiseSpace(seg::FusionOp fusion) {
  auto space = cast<RankedTensorType>(fusion.getResultTypes().front());
  for (Type type : fusion.getResultTypes())
    if (cast<RankedTensorType>(type).getShape() != space.getShape())
      return fusion.emitError(
                 "expects results of one shape in a pointwise fusion, got ")
             << space << " and " << type;
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  return PointwiseSpace{space,
                        space.getRank() > 2 &&
                            !(strategy && strategy.has(strategyUnbatchedName))};
}

/// Returns the channels of the iteration space; a rank-0 space has one.
static int64_t spaceChannels(RankedTensorType space) {
  return space.getRank() == 0 ? 1 : space.getShape().back();
}

Value broadcastElement(KernelBody &k, Broadcast kind, const Point &point,
                       int64_t channels) {
  switch (kind) {
  case Broadcast::None:
    return k.add(k.mul(point.pixel, channels), point.channel);
  case Broadcast::Channel:
    return point.pixel;
  case Broadcast::PerChannel:
    return point.channel;
  case Broadcast::PerSample:
    return k.add(k.mul(point.sample, channels), point.channel);
  case Broadcast::Scalar:
    return k.index(0);
  case Broadcast::Invalid:
    break;
  }
  llvm_unreachable("verified by the op");
}

Value loadBroadcast(KernelBody &k, Value memref, Broadcast kind,
                    const Point &point, int64_t channels, int64_t lanes,
                    Value mask) {
  Value index = broadcastElement(k, kind, point, channels);
  if (kind != Broadcast::Channel && kind != Broadcast::Scalar)
    return k.load(memref, index, lanes, mask);
  Value value = k.loadScalar(memref, index);
  return value.getType().isF32() ? k.splat(value, lanes) : value;
}

PointwiseEmitter::PointwiseEmitter(KernelBody &body, seg::FusionOp fusion,
                                   RankedTensorType space)
    : PointwiseEmitter(body, fusion, space, fusion.getEpilogue()) {}

Value PointwiseEmitter::linearIndex(const Point &point) {
  return body.add(body.mul(point.pixel, spaceChannels(space)), point.channel);
}

/// Returns an operand at the point: a known value, the result of an op, or an
/// input, which is loaded as its broadcast demands.
Value PointwiseEmitter::operand(Value value, const Point &point, int64_t lanes,
                                Value mask) {
  if (Value known = values.lookup(value))
    return known;
  // The operands of the root and of the epilogue may share a cast.
  if (auto op = value.getDefiningOp<seg::PointwiseOpInterface>()) {
    emitOp(op, point, lanes, mask);
    return values.lookup(value);
  }
  Value memref = body.input(cast<BlockArgument>(value).getArgNumber());
  auto type = cast<RankedTensorType>(value.getType());
  Value result =
      loadBroadcast(body, memref, seg::classifyBroadcast(type, space), point,
                    spaceChannels(space), lanes, mask);
  values[value] = result;
  return result;
}

/// Of pointwise ops, casts to 16 bits alone have fewer bits in the result than
/// in the operand.
static bool narrows(seg::PointwiseOpInterface op) {
  Type from = getElementTypeOrSelf(op->getOperand(0).getType()),
       to = getElementTypeOrSelf(op->getResult(0).getType());
  return isa<FloatType>(from) && isa<FloatType>(to) &&
         to.getIntOrFloatBitWidth() < from.getIntOrFloatBitWidth();
}

void PointwiseEmitter::emitOp(seg::PointwiseOpInterface op, const Point &point,
                              int64_t lanes, Value mask) {
  SmallVector<Value> args;
  for (Value v : op->getOperands())
    args.push_back(seg::widenFloat(body.builder(), body.loc(),
                                   operand(v, point, lanes, mask)));
  Value result = op->getResult(0);
  values[result] =
      narrowing && narrows(op)
          ? narrowing(args[0],
                      seg::storageType(getElementTypeOrSelf(result.getType())))
          : op.emitPoint(body.builder(), body.loc(), args, linearIndex(point));
}

Value PointwiseEmitter::valueAt(Value value, const Point &point,
                                int64_t lanes) {
  values.clear();
  for (Operation *op : seg::leadingOps(value))
    emitOp(cast<seg::PointwiseOpInterface>(op), point, lanes, Value());
  return operand(value, point, lanes, Value());
}

void PointwiseEmitter::compute(const Point &point, int64_t lanes, Value mask,
                               const DenseMap<Value, Value> &rootValues) {
  values = rootValues;
  for (Operation *op : epilogue)
    emitOp(cast<seg::PointwiseOpInterface>(op), point, lanes, mask);
}

void PointwiseEmitter::store(const Point &point, Value mask) {
  for (auto [i, value] : llvm::enumerate(fusion.getYield().getValues()))
    if (Value computed = values.lookup(value))
      body.store(computed, body.output(i), linearIndex(point), mask);
}

} // namespace segc
