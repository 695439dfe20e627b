//===- TileSource.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/TileSource.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <map>

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {
namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Channels at which some rearrangement changes its source, from 0 on.
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

/// What a pointwise op reads, as it lies in memory, and how.
SmallVector<std::pair<Value, Broadcast>> reads(Operation *op) {
  RankedTensorType result = typeOf(op->getResult(0));
  return llvm::map_to_vector(op->getOperands(), [&](Value operand) {
    return std::pair(seg::storedValue(operand),
                     seg::classifyBroadcast(typeOf(operand), result));
  });
}

/// The values of one vector of channels, which all have the same sources.
class VectorOfChannels {
public:
  /// `segment`: the first channel whose sources are these.
  VectorOfChannels(KernelBody &k, Value sample, Value channel, int64_t segment,
                   int64_t lanes, Value mask)
      : k(k), sample(sample), channel(channel), segment(segment), lanes(lanes),
        mask(mask) {}

  /// Loads what does not depend on the pixel.
  void hoist(Value value, int64_t first = 0);
  Value at(Value value, std::array<Value, 3> position, int64_t first = 0);

private:
  Value row(BlockArgument input, Broadcast kind, int64_t first);
  Value perPixel(Value operand, const std::array<Value, 3> &position);
  Value pixel(RankedTensorType type, const std::array<Value, 3> &position);
  seg::ElementSource source(seg::RearrangementOpInterface op, int64_t first) {
    return op.getSource(segment - first);
  }
  /// The channel of a value that begins at channel `first` of the operand.
  Value channelFrom(int64_t first) { return k.sub(channel, first); }

  KernelBody &k;
  Value sample, channel;
  int64_t segment, lanes;
  Value mask;
  /// By input and first channel.
  std::map<std::pair<unsigned, int64_t>, Value> rows;
};

Value VectorOfChannels::row(BlockArgument input, Broadcast kind,
                            int64_t first) {
  Value &value = rows[{input.getArgNumber(), first}];
  if (value)
    return value;
  Value memref = inputOf(k, input), at = channelFrom(first);
  if (kind == Broadcast::Scalar) {
    value = k.loadScalar(memref, k.index(0));
    // Counters stay scalars; see DropoutOp::emitPoint.
    if (value.getType().isF32())
      value = k.splat(value, lanes);
  } else {
    if (kind == Broadcast::PerSample)
      at = k.add(k.mul(sample, seg::channels(typeOf(input))), at);
    value = k.load(memref, at, lanes, mask);
  }
  return value;
}

/// The only channel of `operand`, in all lanes.
Value VectorOfChannels::perPixel(Value operand,
                                 const std::array<Value, 3> &position) {
  if (isa<BlockArgument>(operand))
    return k.splat(
        k.loadScalar(inputOf(k, operand), pixel(typeOf(operand), position)),
        lanes);
  VectorOfChannels single(k, sample, k.index(0), 0, 1, Value());
  Value value = vector::ExtractOp::create(k.builder(), k.loc(),
                                          single.at(operand, position), 0);
  return k.splat(value, lanes);
}

Value VectorOfChannels::pixel(RankedTensorType type,
                              const std::array<Value, 3> &position) {
  int64_t dims = type.getRank() - 2;
  Value pixel = sample;
  for (int64_t d = 0; d < dims; ++d)
    pixel = k.add(k.mul(pixel, type.getDimSize(1 + d)), position[3 - dims + d]);
  return pixel;
}

void VectorOfChannels::hoist(Value value, int64_t first) {
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

Value VectorOfChannels::at(Value value, std::array<Value, 3> position,
                           int64_t first) {
  auto index = [&](RankedTensorType type) {
    return k.add(k.mul(pixel(type, position), seg::channels(type)),
                 channelFrom(first));
  };
  if (auto input = dyn_cast<BlockArgument>(value))
    return k.load(inputOf(k, input), index(typeOf(value)), lanes, mask);
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
  return seg::widenFloat(k.builder(), k.loc(),
                         cast<seg::PointwiseOpInterface>(op).emitPoint(
                             k.builder(), k.loc(), args, index(typeOf(value))));
}

/// The lanes of a vector that have the sources of channel `first`.
struct Segment {
  int64_t first;
  Value mask; ///< Null: all.
};

/// The lanes [first, past), as far as a vector has them.
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
  int64_t channels = seg::channels(typeOf(operand));
  SmallVector<int64_t> cuts = channelCuts(operand);
  cuts.push_back(channels);
  auto column = [&](Value channel, ArrayRef<Segment> segments, Value mask) {
    SmallVector<VectorOfChannels> vectors;
    for (const Segment &segment : segments) {
      vectors.emplace_back(k, sample, channel, segment.first, lanes,
                           segment.mask);
      vectors.back().hoist(operand);
    }
    k.loop(begin, end, 1, [&](Value w) {
      SmallVector<Value> values;
      for (const Line &line : lines) {
        Value value;
        for (auto [segment, vector] : llvm::zip_equal(segments, vectors)) {
          Value own = vector.at(operand, {line.d, line.h, k.add(origin, w)});
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
    // Every vector is written whole: what lies behind it may be there already.
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
