//===- PrologueReader.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/PrologueReader.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/ContractedNorm.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Value nextRow(KernelBody &k, Value row, int64_t rows) {
  return k.min(k.add(row, 1), k.index(rows - 1));
}

SmallVector<int64_t> channelCuts(Value operand) {
  SmallVector<int64_t> cuts{0};
  auto visit = [&](auto &self, Value value, int64_t first) -> void {
    Operation *op = value.getDefiningOp();
    if (!op)
      return;
    auto rearrangement = dyn_cast<seg::RearrangementOpInterface>(op);
    if (!rearrangement) {
      for (Value from : op->getOperands())
        self(self, from, first);
      return;
    }
    SmallVector<int64_t> starts{0};
    starts.append(rearrangement.getChannelCuts());
    for (int64_t start : starts) {
      cuts.push_back(first + start);
      seg::ElementSource source = rearrangement.getSource(start);
      self(self, source.operand, first + source.firstChannel);
    }
  };
  visit(visit, operand, 0);
  llvm::sort(cuts);
  cuts.erase(llvm::unique(cuts), cuts.end());
  return cuts;
}

/// Returns the operands of a pointwise op, without the casts of 16-bit inputs,
/// and their broadcasts.
static SmallVector<std::pair<Value, Broadcast>> reads(Operation *op) {
  RankedTensorType result = typeOf(op->getResult(0));
  return llvm::map_to_vector(op->getOperands(), [&](Value operand) {
    return std::pair(seg::storedValue(operand),
                     seg::classifyBroadcast(typeOf(operand), result));
  });
}

Value PrologueReader::row(BlockArgument input, Broadcast kind, int64_t first) {
  Value &value = rows[{input.getArgNumber(), first}];
  if (value)
    return value;
  RankedTensorType type = typeOf(input);
  value = loadBroadcast(k, inputOf(k, input), kind,
                        {Value(), sample, channelFrom(first)},
                        type.getRank() ? seg::channels(type) : 1, lanes, mask);
  return value;
}

/// Returns the only channel of `operand`, in all lanes.
Value PrologueReader::perPixel(Value operand,
                               const std::array<Value, 3> &position) {
  if (isa<BlockArgument>(operand))
    return k.splat(
        k.loadScalar(inputOf(k, operand), pixel(typeOf(operand), position)),
        lanes);
  PrologueReader single(k, sample, k.index(0), 0, 1, Value());
  Value value = vector::ExtractOp::create(k.builder(), k.loc(),
                                          single.at(operand, position), 0);
  return k.splat(value, lanes);
}

Value PrologueReader::pixel(RankedTensorType type,
                            const std::array<Value, 3> &position) {
  int64_t dims = type.getRank() - 2;
  Value pixel = sample;
  for (int64_t d = 0; d < dims; ++d)
    pixel = k.add(k.mul(pixel, type.getDimSize(1 + d)), position[3 - dims + d]);
  return pixel;
}

void PrologueReader::hoist(Value value, int64_t first) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return;
  if (auto rearrangement = dyn_cast<seg::RearrangementOpInterface>(op)) {
    seg::ElementSource from = source(rearrangement, first);
    return hoist(from.operand, first + from.firstChannel);
  }
  for (auto [operand, kind] : reads(op)) {
    auto input = dyn_cast<BlockArgument>(operand);
    if (kind == Broadcast::Channel)
      continue;
    if (!input)
      hoist(operand, first);
    else if (kind != Broadcast::None)
      row(input, kind, first);
  }
}

Value PrologueReader::at(Value value, std::array<Value, 3> position,
                         int64_t first) {
  auto index = [&](RankedTensorType type) {
    return k.add(k.mul(pixel(type, position), seg::channels(type)),
                 channelFrom(first));
  };
  if (auto input = dyn_cast<BlockArgument>(value)) {
    Value memref = inputOf(k, input), here = index(typeOf(value));
    if (prefetchesRows) {
      // Rows of other tensors in the prologue have other lengths.
      ArrayRef<int64_t> size = seg::spatialDims(typeOf(value));
      position[1] =
          nextRow(k, position[1], size.size() < 2 ? 1 : size.end()[-2]);
      k.prefetch(memref, index(typeOf(value)), /*locality=*/3);
    }
    return k.load(memref, here, lanes, mask);
  }
  Operation *op = value.getDefiningOp();
  if (auto rearrangement = dyn_cast<seg::RearrangementOpInterface>(op)) {
    seg::ElementSource from = source(rearrangement, first);
    for (auto [d, offset] : llvm::enumerate(from.offsets)) {
      Value &own = position[3 - from.offsets.size() + d];
      own = k.add(own, offset);
    }
    return at(from.operand, position, first + from.firstChannel);
  }
  SmallVector<Value> args;
  for (auto [operand, kind] : reads(op)) {
    auto input = dyn_cast<BlockArgument>(operand);
    if (kind == Broadcast::Channel)
      args.push_back(perPixel(operand, position));
    else if (input && kind != Broadcast::None)
      args.push_back(row(input, kind, first));
    else
      args.push_back(at(operand, position, first));
  }
  if (contractsNorms)
    if (Value norm = seg::emitContractedNorm(op, k.builder(), k.loc(), args))
      return norm;
  return seg::widenFloat(k.builder(), k.loc(),
                         cast<seg::PointwiseOpInterface>(op).emitPoint(
                             k.builder(), k.loc(), args, index(typeOf(value))));
}

} // namespace segc
