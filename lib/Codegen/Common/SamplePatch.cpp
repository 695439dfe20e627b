//===- SamplePatch.cpp - Voxels of a patch from a crop --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchMap.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "segc/Codegen/Common/Augmentation.h"
#include "segc/Dialect/Seg/IR/PhiloxBlock.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Plan/AugmentEntry.h"

using namespace mlir;

namespace segc {

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

} // namespace segc
