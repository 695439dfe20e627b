//===- PatchMap.cpp - From a voxel of a patch to its crop -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchMap.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "segc/Codegen/Common/Augmentation.h"
#include "segc/Plan/AugmentEntry.h"

using namespace mlir;

namespace segc {

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

} // namespace segc
