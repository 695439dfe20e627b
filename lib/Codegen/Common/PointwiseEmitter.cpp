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
  DictionaryAttr strategy = fusion.getStrategyAttr();
  return PointwiseSpace{space,
                        space.getRank() > 2 &&
                            !(strategy && strategy.get(strategyUnbatchedName))};
}

/// Channels of the iteration space; a rank-0 space has one.
static int64_t spaceChannels(RankedTensorType space) {
  return space.getRank() == 0 ? 1 : space.getShape().back();
}

PointwiseEmitter::PointwiseEmitter(KernelBody &body, seg::FusionOp fusion,
                                   RankedTensorType space)
    : body(body), fusion(fusion), space(space), epilogue(fusion.getEpilogue()) {
}

Value PointwiseEmitter::linearIndex(const Point &point) {
  return body.add(body.mul(point.pixel, spaceChannels(space)), point.channel);
}

/// Loads an input of the fusion at the point, following its broadcast.
Value PointwiseEmitter::operand(Value value, const Point &point, int64_t lanes,
                                Value mask) {
  if (Value known = values.lookup(value))
    return known;
  // A cast may lead to the root and to its epilogue.
  if (auto op = value.getDefiningOp<seg::PointwiseOpInterface>()) {
    emitOp(op, point, lanes, mask);
    return values.lookup(value);
  }
  Value memref = body.input(cast<BlockArgument>(value).getArgNumber());
  auto type = cast<RankedTensorType>(value.getType());
  Value result;
  switch (seg::classifyBroadcast(type, space)) {
  case Broadcast::None:
    // A rank-0 i64 operand of a rank-0 space cannot occur: results are floats.
    result = body.load(memref, linearIndex(point), lanes, mask);
    break;
  case Broadcast::Channel:
    result = body.splat(body.loadScalar(memref, point.pixel), lanes);
    break;
  case Broadcast::PerChannel:
    result = body.load(memref, point.channel, lanes, mask);
    break;
  case Broadcast::PerSample: {
    Value row = body.mul(point.sample, spaceChannels(space));
    result = body.load(memref, body.add(row, point.channel), lanes, mask);
    break;
  }
  case Broadcast::Scalar:
    result = body.loadScalar(memref, body.index(0));
    // Counters stay scalars; see DropoutOp::emitPoint.
    if (result.getType().isF32())
      result = body.splat(result, lanes);
    break;
  case Broadcast::Invalid:
    llvm_unreachable("verified by the op");
  }
  values[value] = result;
  return result;
}

void PointwiseEmitter::emitOp(seg::PointwiseOpInterface op, const Point &point,
                              int64_t lanes, Value mask) {
  SmallVector<Value> args;
  for (Value v : op->getOperands())
    args.push_back(seg::widenFloat(body.builder(), body.loc(),
                                   operand(v, point, lanes, mask)));
  values[op->getResult(0)] =
      op.emitPoint(body.builder(), body.loc(), args, linearIndex(point));
}

Value PointwiseEmitter::valueAt(Value value, const Point &point,
                                int64_t lanes) {
  values.clear();
  for (Operation *op : seg::leadingOps(value))
    emitOp(cast<seg::PointwiseOpInterface>(op), point, lanes, Value());
  return operand(value, point, lanes, Value());
}

void PointwiseEmitter::emit(const Point &point, int64_t lanes, Value mask,
                            const DenseMap<Value, Value> &rootValues) {
  values = rootValues;
  for (Operation *op : epilogue)
    emitOp(cast<seg::PointwiseOpInterface>(op), point, lanes, mask);
  for (auto [i, value] : llvm::enumerate(fusion.getYield().getValues()))
    if (Value computed = values.lookup(value))
      body.store(computed, body.output(i), linearIndex(point), mask);
}

} // namespace segc
