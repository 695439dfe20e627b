//===- PointwiseEmitter.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/PointwiseEmitter.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

/// Channels of the iteration space; a rank-0 space has one.
static int64_t spaceChannels(RankedTensorType space) {
  return space.getRank() == 0 ? 1 : space.getShape().back();
}

Value PointwiseEmitter::linearIndex(const Point &point) {
  return body.add(body.mul(point.pixel, spaceChannels(space)), point.channel);
}

/// Loads an input of the fusion at the point, following its broadcast.
Value PointwiseEmitter::operand(Value value, const Point &point, int64_t lanes,
                                Value mask) {
  if (Value known = values.lookup(value))
    return known;
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

void PointwiseEmitter::emit(const Point &point, int64_t lanes, Value mask,
                            const DenseMap<Value, Value> &rootValues) {
  values = rootValues;
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    auto pointwise = dyn_cast<seg::PointwiseOpInterface>(op);
    if (!pointwise)
      continue;
    SmallVector<Value> args;
    for (Value v : op.getOperands())
      args.push_back(operand(v, point, lanes, mask));
    values[op.getResult(0)] = pointwise.emitPoint(body.builder(), body.loc(),
                                                  args, linearIndex(point));
  }
  auto yield = cast<seg::YieldOp>(fusion.getBody().front().getTerminator());
  for (auto [i, value] : llvm::enumerate(yield.getValues()))
    if (Value computed = values.lookup(value))
      body.store(computed, body.output(i), linearIndex(point), mask);
}

} // namespace segc
