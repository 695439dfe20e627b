//===- CrossEntropy.cpp - Cross-entropy and focal loss --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Formulas.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <cmath>

using namespace mlir;
using namespace segc;

namespace {

/// Emits q^gamma for q in [0, 1]; it is 0 where q is 0 or below 1e-37.
Value power(const seg::PointwiseMath &m, Value q, double gamma) {
  if (gamma == 0)
    return m.constant(1);
  if (gamma == std::floor(gamma) && gamma <= 4) {
    Value result = q;
    for (int i = 1; i < static_cast<int>(gamma); ++i)
      result = m.mul(result, q);
    return result;
  }
  // The argument of the logarithm must be a normal number.
  Value smallest = m.constant(1e-37);
  Value result = m.exp(m.mul(m.log(m.max(q, smallest)), m.constant(gamma)));
  return m.select(m.greater(q, smallest), result, m.constant(0));
}

/// log(p) of the true class, and 1 - p (`rest`), summed from the other classes
/// so that no digits cancel.
struct TrueClass {
  TrueClass(KernelBody &k, const LossPixels &pixels) {
    const ChannelValues &probabilities = pixels.probabilities(k);
    const SoftmaxScale &softmax = pixels.softmaxScale();
    seg::PointwiseMath m(k.builder(), k.loc(), softmax.sum.getType());
    // Carries the logit of the true class and the sum of the other classes' p.
    auto add = [&](Channel c, Value logit, Value sum) -> SmallVector<Value> {
      Value isClass = pixels.isClass(k, c);
      logit = m.select(isClass, pixels.logits().get(k, c), logit);
      Value other = m.select(isClass, m.constant(0), probabilities.get(k, c));
      return {logit, sum ? m.add(sum, other) : other};
    };
    SmallVector<Value> values =
        add(Channel(0), pixels.logits().get(k, 0), Value());
    values = forChannels(k, 1, pixels.logits().size(), values,
                         [&](Channel c, ValueRange carried) {
                           return add(c, carried[0], carried[1]);
                         });
    rest = values[1];
    logP = m.sub(m.sub(values[0], softmax.maximum), m.log(softmax.sum));
  }
  Value logP, rest;
};

struct CrossEntropyFormula
    : PixelReductionOpInterface::ExternalModel<CrossEntropyFormula,
                                               seg::CrossEntropyOp> {
  unsigned getSumCount(Operation *) const { return 1; }

  void emitTerms(Operation *op, KernelBody &k, const LossPixels &pixels,
                 AddTerm add) const {
    double gamma =
        cast<seg::CrossEntropyOp>(op).getFocalGamma().convertToDouble();
    TrueClass of(k, pixels);
    seg::PointwiseMath m(k.builder(), k.loc(), of.logP.getType());
    add(0, Channel(0),
        gamma == 0 ? of.logP : m.mul(power(m, of.rest, gamma), of.logP));
  }

  void emitMerge(Operation *op, KernelBody &k, const PixelSums &sums) const {
    seg::PointwiseMath m = doubles(k);
    Value zero = k.index(0);
    Value total = sumStrided(k, k.sums(), sums.tileRow(k, zero, zero),
                             k.mul(k.batch(), sums.tiles), sums.count);
    Value count = indexToDouble(k, k.mul(k.batch(), sums.pixels));
    k.storeScalar(toFloat(k, m.div(m.sub(m.constant(0), total), count)),
                  outputOf(k, cast<seg::CrossEntropyOp>(op).getLoss()),
                  k.index(0));
  }
};

struct CrossEntropyGradFormula
    : LogitsGradOpInterface::ExternalModel<CrossEntropyGradFormula,
                                           seg::CrossEntropyGradOp> {
  SmallVector<int64_t> getSharedSizes(Operation *) const { return {1}; }

  /// Emits the gradient of the loss by the sum over pixels: the upstream
  /// gradient divided by the number of pixels.
  void emitShared(Operation *op, KernelBody &k, Value, Channel channel,
                  ArrayRef<ChannelValues *> shared) const {
    auto grad = cast<seg::CrossEntropyGradOp>(op);
    int64_t pixels = seg::spatialSize(grad.getLogits().getType());
    Value count = indexToDouble(k, k.mul(k.batch(), pixels));
    Value scale = doubles(k).div(
        loadDouble(k, inputOf(k, grad.getGrad()), k.index(0)), count);
    shared[0]->setAll(k, channel, toFloat(k, scale));
  }

  void emitGradient(Operation *op, KernelBody &k, const LossPixels &pixels,
                    ArrayRef<ChannelValues *> shared,
                    ChannelValues &grads) const {
    double gamma =
        cast<seg::CrossEntropyGradOp>(op).getFocalGamma().convertToDouble();
    // The slope is -p dL/dp of the true class: q^gamma - gamma q^(gamma-1) p
    // log p.
    Value slope = shared[0]->get(k, 0);
    seg::PointwiseMath m(k.builder(), k.loc(), slope.getType());
    if (gamma != 0) {
      TrueClass of(k, pixels);
      Value p = m.sub(m.constant(1), of.rest);
      Value inner =
          m.mul(m.mul(power(m, of.rest, gamma - 1), m.constant(gamma)),
                m.mul(p, of.logP));
      slope = m.mul(slope, m.sub(power(m, of.rest, gamma), inner));
    }
    const ChannelValues &probabilities = pixels.probabilities(k);
    forChannels(k, grads.size(), [&](Channel c) {
      Value target =
          m.select(pixels.isClass(k, c), m.constant(1), m.constant(0));
      Value p = probabilities.get(k, c);
      grads.set(k, c, m.mul(slope, m.sub(p, target)));
    });
  }
};

} // namespace

void segc::attachCrossEntropyFormulas(MLIRContext *context) {
  seg::CrossEntropyGradOp::attachInterface<CrossEntropyGradFormula>(*context);
  seg::CrossEntropyOp::attachInterface<CrossEntropyFormula>(*context);
}
