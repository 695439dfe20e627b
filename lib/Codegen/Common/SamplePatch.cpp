//===- SamplePatch.cpp - Voxels of a patch from a crop --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Augmentation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "segc/Dialect/Seg/IR/PhiloxBlock.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Plan/AugmentEntry.h"

using namespace mlir;

namespace segc {

namespace {

/// The two neighbours of a position along an axis. Those outside have weight 0
/// and a place that can be read.
struct Neighbours {
  std::array<Value, 2> place, inside, weight;
  Value isSecondNearer;
  int64_t count; ///< 1: an axis that stays what it is.
};

/// The map of one sample from a voxel of the patch to its crop.
class PatchMap {
public:
  PatchMap(KernelBody &k, Value maps, Value sample,
           std::array<int64_t, 3> patch, ArrayRef<int64_t> crop,
           std::array<Value, 3> position);

  Value zooms() const { return resized; }
  Neighbours neighbours(size_t axis) const;
  /// The place of tap 0 to 3 of a resized axis, and its weight.
  std::pair<Value, Value> resizedTap(size_t axis, Value tap) const;
  int64_t resizedTaps(size_t axis) const { return stays(axis) ? 1 : 4; }
  /// The place nearest to the voxel of a resized axis.
  Value resizedPlace(size_t axis) const;
  /// The number of a voxel of the crop among all.
  Value voxel(ArrayRef<Value> places) const;

private:
  Value number(int64_t i) const { return k.loadScalar(maps, k.add(row, i)); }
  /// An axis of one voxel in crop and patch is left as it is.
  bool stays(size_t axis) const { return patch[axis] == 1 && crop[axis] == 1; }

  KernelBody &k;
  seg::PointwiseMath m;
  Value maps, sample, row;
  std::array<int64_t, 3> patch;
  SmallVector<int64_t> crop;
  std::array<Value, 3> extent, unflipped;
  Value resized;
};

} // namespace

static Value unsignedLess(KernelBody &k, Value a, Value b) {
  return arith::CmpIOp::create(k.builder(), k.loc(), arith::CmpIPredicate::ult,
                               a, b);
}

static Value selectIndex(KernelBody &k, Value condition, Value a, Value b) {
  return arith::SelectOp::create(k.builder(), k.loc(), condition, a, b);
}

PatchMap::PatchMap(KernelBody &k, Value maps, Value sample,
                   std::array<int64_t, 3> patch, ArrayRef<int64_t> crop,
                   std::array<Value, 3> position)
    : k(k), m(k.builder(), k.loc(), k.builder().getF32Type()), maps(maps),
      sample(sample), row(k.mul(sample, augment::mapNumbers)), patch(patch),
      crop(crop) {
  resized = m.greater(number(augment::MapZooms), m.constant(0.5));
  for (int64_t axis = 0; axis < 3; ++axis) {
    Value given = indexOf(k, number(augment::MapExtent + axis));
    extent[axis] = k.min(k.max(given, k.index(1)), k.index(crop[axis]));
    Value flips = m.greater(number(augment::MapFlip + axis), m.constant(0.5));
    unflipped[axis] =
        selectIndex(k, flips, k.sub(k.index(patch[axis] - 1), position[axis]),
                    position[axis]);
  }
}

Neighbours PatchMap::neighbours(size_t axis) const {
  Value all = m.constant(1);
  if (stays(axis))
    return {{k.index(0)}, {k.less(k.index(0), k.index(1))}, {all}, {}, 1};
  auto fromCentre = [&](Value index, int64_t size) {
    return m.sub(floatOf(k, index),
                 m.constant(0.5 * static_cast<double>(size - 1)));
  };
  Value last = floatOf(k, extent[axis]);
  Value at = m.mul(m.constant(0.5), m.sub(last, all));
  for (int64_t from = 0; from < 3; ++from)
    at = m.fma(
        number(augment::MapMatrix + 3 * static_cast<int64_t>(axis) + from),
        fromCentre(unflipped[from], patch[from]), at);
  // What is further away has no neighbour inside, either.
  Value low = m.constant(-2), high = m.add(last, all);
  at = m.select(m.greater(at, low), at, low);
  at = m.select(m.greater(high, at), at, high);
  Value below = math::FloorOp::create(k.builder(), k.loc(), at);
  Value behind = m.sub(at, below), first = indexOf(k, below);
  Neighbours result;
  result.count = 2;
  result.isSecondNearer = arith::CmpFOp::create(
      k.builder(), k.loc(), arith::CmpFPredicate::OGE, behind, m.constant(0.5));
  std::array<Value, 2> weights = {m.sub(all, behind), behind};
  for (size_t side = 0; side < 2; ++side) {
    Value place = k.add(first, static_cast<int64_t>(side));
    Value inside = unsignedLess(k, place, extent[axis]);
    result.place[side] = selectIndex(k, inside, place, k.index(0));
    result.inside[side] = inside;
    result.weight[side] = weights[side];
  }
  return result;
}

std::pair<Value, Value> PatchMap::resizedTap(size_t axis, Value tap) const {
  if (stays(axis))
    return {k.index(0), m.constant(1)};
  // The position (i + 1/2) extent / patch - 1/2 is a fraction, so that nothing
  // is rounded; it is moved by one so that it is not negative.
  int64_t denominator = 2 * patch[axis];
  Value numerator =
      k.add(k.mul(k.add(k.mul(unflipped[axis], 2), 1), extent[axis]),
            denominator - patch[axis]);
  Value first = k.add(k.div(numerator, denominator), tap);
  Value behind = m.div(floatOf(k, k.rem(numerator, denominator)),
                       m.constant(static_cast<double>(denominator)));
  // Keys' kernel with a = -1/2 at the distance of the tap, which is 1 too far
  // in `tap`.
  Value distance = m.sub(m.add(behind, m.constant(1)), floatOf(k, tap));
  distance = m.max(distance, m.sub(m.constant(0), distance));
  auto polynomial = [&](std::array<double, 4> c) {
    Value value = m.constant(c[0]);
    for (size_t i = 1; i < c.size(); ++i)
      value = m.fma(value, distance, m.constant(c[i]));
    return value;
  };
  Value weight =
      m.select(m.greater(distance, m.constant(1)),
               polynomial({-0.5, 2.5, -4, 2}), polynomial({1.5, -2.5, 0, 1}));
  // The taps are at -1 to 2, and the position was moved by 1.
  Value place =
      k.min(k.max(k.sub(first, 2), k.index(0)), k.sub(extent[axis], 1));
  return {place, weight};
}

Value PatchMap::resizedPlace(size_t axis) const {
  return k.div(k.mul(k.add(k.mul(unflipped[axis], 2), 1), extent[axis]),
               2 * patch[axis]);
}

Value PatchMap::voxel(ArrayRef<Value> places) const {
  Value result = sample;
  for (auto [size, place] : llvm::zip_equal(crop, places))
    result = k.add(k.mul(result, size), place);
  return result;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// The linear interpolation of a channel; what is outside counts as 0.
static Value interpolated(KernelBody &k, const PatchMap &map,
                          llvm::function_ref<Value(Value)> load) {
  seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
  std::array<Neighbours, 3> axes = {map.neighbours(0), map.neighbours(1),
                                    map.neighbours(2)};
  auto weight = [&](size_t axis, int64_t side) {
    const Neighbours &n = axes[axis];
    return m.select(n.inside[side], n.weight[side], m.constant(0));
  };
  Value sum = m.constant(0);
  for (int64_t z = 0; z < axes[0].count; ++z)
    for (int64_t y = 0; y < axes[1].count; ++y) {
      Value line = m.constant(0);
      for (int64_t x = 0; x < axes[2].count; ++x)
        line = m.fma(weight(2, x),
                     load(map.voxel({axes[0].place[z], axes[1].place[y],
                                     axes[2].place[x]})),
                     line);
      sum = m.fma(m.mul(weight(1, y), weight(0, z)), line, sum);
    }
  return sum;
}

/// The cubic interpolation of a crop that is resized.
static Value resizedValue(KernelBody &k, const PatchMap &map,
                          llvm::function_ref<Value(Value)> load) {
  seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
  auto foldTaps = [&](size_t axis, Value sum, auto &&body) {
    return k.loop(k.index(0), k.index(map.resizedTaps(axis)), 1, {sum},
                  [&](Value tap, ValueRange carried) {
                    auto [place, weight] = map.resizedTap(axis, tap);
                    return SmallVector<Value>{
                        body(place, weight, carried.front())};
                  })[0];
  };
  return foldTaps(0, m.constant(0), [&](Value z, Value wz, Value planes) {
    return foldTaps(1, planes, [&](Value y, Value wy, Value rows) {
      Value weight = m.mul(wz, wy);
      return foldTaps(2, rows, [&](Value x, Value wx, Value sum) {
        return m.fma(m.mul(weight, wx), load(map.voxel({z, y, x})), sum);
      });
    });
  });
}

/// The cosine of 2 pi a for a in [-2, 2], at most 1e-7 off.
static Value cosineOfTurns(KernelBody &k, Value a) {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m(b, k.loc(), b.getF32Type());
  // Quadrants about multiples of a quarter; polynomials of Cephes within.
  Value quarters = m.mul(a, m.constant(4));
  Value nearest =
      math::FloorOp::create(b, k.loc(), m.add(quarters, m.constant(0.5)));
  Value r = m.mul(m.sub(quarters, nearest), m.constant(1.57079632679489661));
  Value square = m.mul(r, r);
  auto polynomial = [&](std::array<double, 3> c) {
    return m.fma(m.fma(m.constant(c[0]), square, m.constant(c[1])), square,
                 m.constant(c[2]));
  };
  Value sine = m.fma(
      m.mul(polynomial({-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}),
            square),
      r, r);
  Value cosine =
      m.fma(m.mul(polynomial({2.443315711809948e-5, -1.388731625493765e-3,
                              4.166664568298827e-2}),
                  square),
            square, m.fma(square, m.constant(-0.5), m.constant(1)));
  Value quadrant = arith::FPToSIOp::create(b, k.loc(), b.getI32Type(), nearest);
  auto word = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, k.loc(), b.getI32IntegerAttr(value));
  };
  auto hasBit = [&](Value value, int32_t bit) -> Value {
    Value masked = arith::AndIOp::create(b, k.loc(), value, word(bit));
    return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ne, masked,
                                 word(0));
  };
  Value value = m.select(hasBit(quadrant, 1), sine, cosine);
  Value next = arith::AddIOp::create(b, k.loc(), quadrant, word(1));
  return m.select(hasBit(next, 2), m.sub(m.constant(0), value), value);
}

/// A normal number by Box and Muller's rule. Blocks of random words are counted
/// as the host's vectors take them: four vectors of 16 voxels of a row.
static Value normalNumber(KernelBody &k, Value keys,
                          const AugmentedElement &at) {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m(b, k.loc(), b.getF32Type());
  Type i32 = b.getI32Type();
  auto word = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, k.loc(), i32, index);
  };
  auto key = [&](int64_t i) {
    return k.loadScalar(keys, k.add(k.mul(at.sample, 4), i));
  };
  Value x = at.position[2],
        row = k.add(k.mul(at.position[0], at.size[1]), at.position[1]);
  Value stream = arith::AddIOp::create(b, k.loc(), key(3), word(at.channel));
  std::array<Value, 4> words =
      seg::philoxBlock(b, k.loc(),
                       {word(k.add(k.mul(k.div(x, 64), 16), k.rem(x, 16))),
                        word(row), key(2), stream},
                       key(0), key(1));
  Value quarter = k.rem(k.div(x, 16), 4);
  Value second = k.less(k.index(1), quarter);
  auto uniform = [&](size_t i) -> Value {
    Value bits =
        arith::SelectOp::create(b, k.loc(), second, words[2 + i], words[i]);
    Value top = arith::ShRUIOp::create(
        b, k.loc(), bits,
        arith::ConstantOp::create(b, k.loc(), b.getI32IntegerAttr(8)));
    return arith::SIToFPOp::create(b, k.loc(), b.getF32Type(), top);
  };
  Value scale = m.constant(0x1p-24);
  Value u = m.mul(m.add(uniform(0), m.constant(1)), scale);
  Value radius = m.sqrt(m.mul(m.log(u), m.constant(-2)));
  // The sine is the cosine a quarter turn behind.
  Value isSine = k.less(k.index(0), k.rem(quarter, 2));
  Value turns = m.sub(m.mul(uniform(1), scale),
                      m.select(isSine, m.constant(0.25), m.constant(0)));
  return m.mul(radius, cosineOfTurns(k, turns));
}

void emitSamplePatch(KernelBody &k, seg::SamplePatchOp op, Value sample,
                     Value element) {
  seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
  AugmentedElement at(k, op.getOutput().getType(), op.getIntensities(), sample,
                      element);
  PatchMap map(k, inputOf(k, op.getMaps()), sample, at.size,
               op.getCrop().getType().getShape().slice(1, 3), at.position);
  Value crop = inputOf(k, op.getCrop());
  auto load = [&](Value voxel) {
    return k.loadScalar(crop, k.add(k.mul(voxel, at.channels), at.channel));
  };
  Value value = k.ifElse(
      map.zooms(), [&] { return resizedValue(k, map, load); },
      [&] { return interpolated(k, map, load); });
  Value deviation = at.drawn(augment::Noise);
  value = k.ifElse(
      m.greater(deviation, m.constant(0)),
      [&] {
        return m.fma(deviation,
                     normalNumber(k, inputOf(k, op.getNoiseKeys()), at), value);
      },
      [&] { return value; });
  k.storeScalar(value, outputOf(k, op.getOutput()), at.place);
}

//===----------------------------------------------------------------------===//
// Labels
//===----------------------------------------------------------------------===//

/// The winner of the labels, of type i32, around a position: that with the
/// largest sum of weights; of equals `nearest`, else the smallest.
static Value winnerOf(KernelBody &k, ArrayRef<Value> labels,
                      ArrayRef<Value> weights, Value nearest) {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m(b, k.loc(), b.getF32Type());
  auto compare = [&](arith::CmpIPredicate predicate, Value x,
                     Value y) -> Value {
    return arith::CmpIOp::create(b, k.loc(), predicate, x, y);
  };
  Value winner = labels[0], best = m.constant(0), own = m.constant(0);
  for (Value label : labels) {
    Value score = m.constant(0);
    for (auto [other, weight] : llvm::zip_equal(labels, weights))
      score =
          m.add(score, m.select(compare(arith::CmpIPredicate::eq, other, label),
                                weight, m.constant(0)));
    Value more = m.greater(score, best);
    Value equal = arith::CmpFOp::create(b, k.loc(), arith::CmpFPredicate::OEQ,
                                        score, best);
    Value better = arith::OrIOp::create(
        b, k.loc(), more,
        k.both(equal, compare(arith::CmpIPredicate::slt, label, winner)));
    winner = arith::SelectOp::create(b, k.loc(), better, label, winner);
    best = m.max(best, score);
    own =
        m.select(compare(arith::CmpIPredicate::eq, label, nearest), score, own);
  }
  Value keeps =
      arith::CmpFOp::create(b, k.loc(), arith::CmpFPredicate::OGE, own, best);
  return arith::SelectOp::create(b, k.loc(), keeps, nearest, winner);
}

/// The label by votes around the position.
static Value votedLabel(KernelBody &k, const PatchMap &map, Value crop) {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m(b, k.loc(), b.getF32Type());
  Value outside =
      arith::ConstantOp::create(b, k.loc(), b.getI32IntegerAttr(-1));
  std::array<Neighbours, 3> axes = {map.neighbours(0), map.neighbours(1),
                                    map.neighbours(2)};
  SmallVector<Value> labels, weights;
  for (int64_t z = 0; z < axes[0].count; ++z)
    for (int64_t y = 0; y < axes[1].count; ++y)
      for (int64_t x = 0; x < axes[2].count; ++x) {
        Value inside = k.both(k.both(axes[0].inside[z], axes[1].inside[y]),
                              axes[2].inside[x]);
        Value label = k.loadScalar(
            crop,
            map.voxel({axes[0].place[z], axes[1].place[y], axes[2].place[x]}));
        labels.push_back(
            arith::SelectOp::create(b, k.loc(), inside, label, outside));
        weights.push_back(m.mul(m.mul(axes[1].weight[y], axes[2].weight[x]),
                                axes[0].weight[z]));
      }
  // Halves the labels axis by axis to that of the nearest voxel.
  SmallVector<Value> nearer = labels;
  for (size_t axis = 0; axis < 3; ++axis) {
    if (axes[axis].count == 1)
      continue;
    size_t half = nearer.size() / 2;
    for (size_t i = 0; i < half; ++i)
      nearer[i] = arith::SelectOp::create(b, k.loc(), axes[axis].isSecondNearer,
                                          nearer[half + i], nearer[i]);
    nearer.truncate(half);
  }
  // Most places have one label around them.
  Value differ;
  for (Value label : ArrayRef(labels).drop_front()) {
    Value differs = arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ne,
                                          label, labels[0]);
    differ = differ
                 ? arith::OrIOp::create(b, k.loc(), differ, differs).getResult()
                 : differs;
  }
  if (!differ)
    return labels[0];
  return k.ifElse(
      differ, [&] { return winnerOf(k, labels, weights, nearer[0]); },
      [&] { return labels[0]; });
}

void emitSampleLabels(KernelBody &k, seg::SampleLabelsOp op, Value sample,
                      Value voxel) {
  OpBuilder &b = k.builder();
  ArrayRef<int64_t> spatial = op.getOutput().getType().getShape().drop_front();
  std::array<int64_t, 3> size = {1, 1, 1};
  llvm::copy(spatial, size.end() - spatial.size());
  std::array<Value, 3> position;
  llvm::copy(k.delinearize(voxel, size), position.begin());
  PatchMap map(k, inputOf(k, op.getMaps()), sample, size,
               op.getCrop().getType().getShape().drop_front(), position);
  Value crop = inputOf(k, op.getCrop());
  Value label = k.ifElse(
      map.zooms(),
      [&] {
        return k.loadScalar(crop,
                            map.voxel({map.resizedPlace(0), map.resizedPlace(1),
                                       map.resizedPlace(2)}));
      },
      [&] { return votedLabel(k, map, crop); });
  Value place = k.add(k.mul(sample, augmentedElements(op)), voxel);
  Value zero = arith::ConstantOp::create(b, k.loc(), b.getI32IntegerAttr(0));
  Value clamped = arith::MaxSIOp::create(b, k.loc(), label, zero);
  k.storeScalar(clamped, outputOf(k, op.getOutput()), place);
  k.storeScalar(label, outputOf(k, op.getUnclamped()), place);
}

} // namespace segc
