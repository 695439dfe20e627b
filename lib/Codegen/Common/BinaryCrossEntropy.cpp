//===- BinaryCrossEntropy.cpp - Cross-entropy of regions ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionPixels.h"
#include "WeightedMean.h"
#include "segc/Codegen/Common/Formulas.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

/// Emits log(1 + e^x) without overflow, and without the loss of digits that
/// 1 + e^x has where x is small.
static Value emitSoftplus(const seg::PointwiseMath &m, Value x) {
  Value zero = m.constant(0), one = m.constant(1);
  Value positive = m.max(x, zero);
  Value power = m.exp(m.min(x, m.sub(zero, x)));
  // log(1 + y) = log(u) y / (u - 1) with u = 1 + y rounded, and y where u is 1.
  Value u = m.add(one, power), difference = m.sub(u, one);
  Value scaled = m.div(m.mul(m.log(u), power),
                       m.select(m.greater(difference, zero), difference, one));
  Value rest = m.select(m.greater(difference, zero), scaled, power);
  return m.add(positive, rest);
}

/// The number by which the sum over pixels and regions is divided.
template <typename OpTy>
static Value emitDivisor(const seg::PointwiseMath &m, OpTy op, Value voxels) {
  if (op.getSumClasses())
    return voxels;
  return m.mul(voxels, m.constant(static_cast<double>(op.getRegions().size())));
}

namespace {

/// The sums are those of the regions' cross-entropies and of the pixels that
/// count.
struct BinaryCrossEntropyFormula
    : PixelReductionOpInterface::ExternalModel<BinaryCrossEntropyFormula,
                                               seg::BinaryCrossEntropyOp> {
  unsigned getSumCount(Operation *) const { return 2; }

  void emitTerms(Operation *operation, KernelBody &k, const LossPixels &pixels,
                 AddTerm add) const {
    auto op = cast<seg::BinaryCrossEntropyOp>(operation);
    const ChannelValues &logits = pixels.logits();
    RegionPixels regions(k, pixels, op.getRegions(), op.getIgnored());
    seg::PointwiseMath m(k.builder(), k.loc(), logits.getType(k));
    Value total =
        forChannels(k, 0, logits.size(), m.constant(0),
                    [&](Channel c, ValueRange carried) -> SmallVector<Value> {
                      Value z = logits.get(k, c);
                      Value wrong = m.select(regions.contains(k, c),
                                             m.sub(m.constant(0), z), z);
                      return {m.add(carried[0], emitSoftplus(m, wrong))};
                    })[0];
    Value one = m.constant(1);
    if (Value counts = regions.getCounts()) {
      total = m.select(counts, total, m.constant(0));
      one = m.select(counts, one, m.constant(0));
    }
    add(0, Channel(0), total);
    add(1, Channel(0), one);
  }

  void emitMerge(Operation *operation, KernelBody &k,
                 const PixelSums &sums) const {
    auto op = cast<seg::BinaryCrossEntropyOp>(operation);
    storeWeightedMean(
        k, sums, op.getLoss(), op.getVoxels(),
        [&](const seg::PointwiseMath &m, Value total, Value voxels) {
          return m.div(total, emitDivisor(m, op, voxels));
        });
  }
};

struct BinaryCrossEntropyGradFormula
    : LogitsMapOpInterface::ExternalModel<BinaryCrossEntropyGradFormula,
                                          seg::BinaryCrossEntropyGradOp> {
  SmallVector<int64_t> getSharedSizes(Operation *) const { return {1}; }

  void emitShared(Operation *op, KernelBody &k, Value, Channel channel,
                  ArrayRef<ChannelValues *> shared) const {
    auto grad = cast<seg::BinaryCrossEntropyGradOp>(op);
    Value scale = emitWeightedMeanGrad(
        k, grad.getGrad(), grad.getVoxels(),
        [&](const seg::PointwiseMath &m, Value sum, Value voxels) {
          return m.div(sum, emitDivisor(m, grad, voxels));
        });
    shared[0]->setAll(k, channel, scale);
  }

  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *> shared,
                  ChannelValues &grads) const {
    auto grad = cast<seg::BinaryCrossEntropyGradOp>(op);
    RegionPixels regions(k, pixels, grad.getRegions(), grad.getIgnored());
    Value scale = shared[0]->get(k, 0);
    seg::PointwiseMath m(k.builder(), k.loc(), scale.getType());
    if (Value counts = regions.getCounts())
      scale = m.select(counts, scale, m.constant(0));
    forChannels(k, grads.size(), [&](Channel c) {
      Value target =
          m.select(regions.contains(k, c), m.constant(1), m.constant(0));
      Value p = emitSigmoid(k, pixels.logits().get(k, c));
      grads.set(k, c, m.mul(scale, m.sub(p, target)));
    });
  }
};

} // namespace

void segc::attachBinaryCrossEntropyFormulas(MLIRContext *context) {
  seg::BinaryCrossEntropyGradOp::attachInterface<BinaryCrossEntropyGradFormula>(
      *context);
  seg::BinaryCrossEntropyOp::attachInterface<BinaryCrossEntropyFormula>(
      *context);
}
