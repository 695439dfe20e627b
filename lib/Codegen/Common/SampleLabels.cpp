//===- SampleLabels.cpp - Labels of a patch from a crop -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchMap.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/Augmentation.h"

using namespace mlir;

namespace segc {

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
