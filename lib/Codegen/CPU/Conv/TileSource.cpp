//===- TileSource.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/TileSource.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/PrologueReader.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {
namespace {

/// The lanes of a vector whose channels the prologue computes from the same
/// inputs as channel `first`.
struct Segment {
  int64_t first;
  Value mask; ///< Null means all lanes.
};

/// Returns a mask of the lanes [first, past), clipped to the vector.
Value lanesBetween(KernelBody &k, int64_t first, int64_t past, int64_t lanes) {
  SmallVector<bool> mask;
  for (int64_t lane = 0; lane < lanes; ++lane)
    mask.push_back(lane >= first && lane < past);
  auto type = VectorType::get({lanes}, k.builder().getI1Type());
  return arith::ConstantOp::create(k.builder(), k.loc(),
                                   DenseElementsAttr::get(type, mask));
}

} // namespace

void TileSource::emitRows(
    KernelBody &k, Value sample, ArrayRef<Line> lines, Value origin,
    Value begin, Value end, int64_t lanes,
    llvm::function_ref<void(ArrayRef<Value>, Value, Value)> store) const {
  int64_t channels = seg::channels(cast<RankedTensorType>(operand.getType()));
  SmallVector<int64_t> cuts = channelCuts(operand);
  cuts.push_back(channels);
  bool isQuantized = llvm::all_of(operand.getUsers(), [](Operation *op) {
    return isa<seg::QuantizeOp>(op);
  });
  auto column = [&](Value channel, ArrayRef<Segment> segments, Value mask) {
    SmallVector<PrologueReader> readers;
    for (const Segment &segment : segments) {
      readers.emplace_back(k, sample, channel, segment.first, lanes,
                           segment.mask);
      readers.back().prefetchRows();
      if (isQuantized)
        readers.back().contractNorms();
      readers.back().hoist(operand);
    }
    k.loop(begin, end, 1, [&](Value w) {
      SmallVector<Value> values;
      for (const Line &line : lines) {
        Value value;
        for (auto [segment, reader] : llvm::zip_equal(segments, readers)) {
          Value own = reader.at(operand, {line.d, line.h, k.add(origin, w)});
          value = value ? arith::SelectOp::create(k.builder(), k.loc(),
                                                  segment.mask, own, value)
                        : own;
        }
        values.push_back(zeroOutside(k, line, value));
      }
      store(values, k.add(k.mul(w, channels), channel), mask);
    });
  };
  for (int64_t channel = 0, past = 0; channel < channels; channel = past) {
    const int64_t *next = llvm::upper_bound(cuts, channel);
    int64_t whole = (*next - channel) / lanes * lanes;
    if (whole != 0) {
      past = channel + whole;
      k.loop(k.index(channel), k.index(past), lanes, [&](Value channel) {
        column(channel, Segment{*std::prev(next), Value()}, Value());
      });
      continue;
    }
    // A vector that crosses a cut selects from its segments and is stored once.
    // The last vector of a pixel is masked, because the next pixel's channels
    // may already be stored.
    past = std::min(channel + lanes, channels);
    Value mask = past - channel < lanes
                     ? k.prefixMask(k.index(past - channel), lanes)
                     : Value();
    SmallVector<Segment> segments;
    if (*next >= past)
      segments.push_back({*std::prev(next), mask});
    else
      for (const int64_t *cut = next; *std::prev(cut) < past; ++cut)
        segments.push_back(
            {*std::prev(cut), lanesBetween(k, *std::prev(cut) - channel,
                                           *cut - channel, lanes)});
    column(k.index(channel), segments, mask);
  }
}

Value TileSource::zeroOutside(KernelBody &k, const Line &line, Value values) {
  if (!line.inside)
    return values;
  auto type = cast<VectorType>(values.getType());
  return arith::SelectOp::create(k.builder(), k.loc(), line.inside, values,
                                 k.zeroVector(type.getNumElements()));
}

double prologueCycles(ArrayRef<Operation *> ops) {
  constexpr double cyclesPerOp = 3;
  return cyclesPerOp * llvm::count_if(ops, [](Operation *op) {
           return isa<seg::PointwiseOpInterface>(op) && !isa<seg::CastOp>(op);
         });
}

double TileSource::loadCycles() const {
  return prologueCycles(seg::leadingOps(operand).getArrayRef());
}

} // namespace segc
