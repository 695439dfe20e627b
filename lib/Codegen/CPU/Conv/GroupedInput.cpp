//===- GroupedInput.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/GroupedInput.h"
#include "KernelHelpers.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

GroupedInput::GroupedInput(KernelBody &body, const ConvProblem &problem,
                           int64_t lanes, Value memref, Value channel)
    : body(body), access(groupedAccess(problem, lanes)), lanes(lanes),
      inputs(problem.groupInputs()), outputs(problem.groupOutputs()),
      memref(memref) {
  Value group =
      problem.groups == 1 ? body.index(0) : body.div(channel, outputs);
  base = body.mul(group, inputs);
  switch (access) {
  case GroupedAccess::Broadcast:
    return;
  case GroupedAccess::Same:
    mask = channelMask(body, problem.inChannels, lanes, channel, lanes);
    return;
  case GroupedAccess::Permuted:
    // With fewer inputs than outputs in a group, the remaining lanes would read
    // the next pixel.
    mask =
        body.prefixMask(body.min(body.sub(body.index(problem.inChannels), base),
                                 body.index(lanes / outputs * inputs)),
                        lanes);
    return;
  case GroupedAccess::Gathered: {
    OpBuilder &b = body.builder();
    mask = allLanes(
        body, channelMask(body, problem.outChannels, lanes, channel, lanes),
        lanes);
    auto splat = [&](int64_t value) {
      return indexVector(body, SmallVector<int64_t>(lanes, value));
    };
    // The group of each lane, relative to the first lane's.
    Value within = arith::IndexCastOp::create(b, body.loc(), b.getI32Type(),
                                              body.rem(channel, outputs));
    Value lane = arith::AddIOp::create(
        b, body.loc(),
        indexVector(body, llvm::to_vector(llvm::seq<int64_t>(0, lanes))),
        body.splat(within, lanes));
    Value groups = arith::DivUIOp::create(b, body.loc(), lane, splat(outputs));
    offsets = arith::MulIOp::create(b, body.loc(), groups, splat(inputs));
    return;
  }
  }
}

Value GroupedInput::loadOne(Value at) const {
  OpBuilder &b = body.builder();
  if (access == GroupedAccess::Broadcast)
    return body.splat(body.loadScalar(memref, at), lanes);
  if (access != GroupedAccess::Gathered)
    return body.load(memref, at, lanes, mask);
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  Value zero = arith::ConstantOp::create(b, body.loc(), b.getZeroAttr(type));
  return seg::widenFloat(b, body.loc(),
                         vector::GatherOp::create(b, body.loc(), type, memref,
                                                  ValueRange(at), offsets, mask,
                                                  zero));
}

SmallVector<Value> GroupedInput::load(Value pixel, Value first,
                                      int64_t count) const {
  SmallVector<Value> result;
  Value at = body.add(pixel, base);
  if (access != GroupedAccess::Permuted) {
    for (int64_t i = 0; i < count; ++i)
      result.push_back(loadOne(body.add(body.add(at, first), i)));
    return result;
  }
  Value vector = loadOne(at);
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<int64_t> source;
    for (int64_t lane = 0; lane < lanes; ++lane)
      source.push_back(lane / outputs * inputs + i);
    result.push_back(vector::ShuffleOp::create(body.builder(), body.loc(),
                                               vector, vector, source));
  }
  return result;
}

} // namespace segc
