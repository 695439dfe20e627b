//===- CrossEntropy.cpp - Cross-entropy and focal loss --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightedMean.h"
#include "segc/Codegen/Common/Formulas.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <cmath>

using namespace mlir;
using namespace segc;

/// Emits q^gamma for q in [0, 1]; it is 0 where q is 0 or below 1e-37.
static Value power(const seg::PointwiseMath &m, Value q, double gamma) {
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

namespace {

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

} // namespace

/// Emits f(p) of a pixel's true class: (1 - p)^gamma log p.
static Value emitLogTerm(KernelBody &k, const LossPixels &pixels,
                         double gamma) {
  TrueClass of(k, pixels);
  seg::PointwiseMath m(k.builder(), k.loc(), of.logP.getType());
  return gamma == 0 ? of.logP : m.mul(power(m, of.rest, gamma), of.logP);
}

/// Emits scale * (p - t) for all classes, times the slope of a focal loss.
static void emitLogGradient(KernelBody &k, const LossPixels &pixels,
                            double gamma, Value scale, ChannelValues &grads) {
  // The slope is -p dL/dp of the true class: q^gamma - gamma q^(gamma-1) p
  // log p.
  Value slope = scale;
  seg::PointwiseMath m(k.builder(), k.loc(), slope.getType());
  if (gamma != 0) {
    TrueClass of(k, pixels);
    Value p = m.sub(m.constant(1), of.rest);
    Value inner = m.mul(m.mul(power(m, of.rest, gamma - 1), m.constant(gamma)),
                        m.mul(p, of.logP));
    slope = m.mul(slope, m.sub(power(m, of.rest, gamma), inner));
  }
  const ChannelValues &probabilities = pixels.probabilities(k);
  forChannels(k, grads.size(), [&](Channel c) {
    Value target = m.select(pixels.isClass(k, c), m.constant(1), m.constant(0));
    Value p = probabilities.get(k, c);
    grads.set(k, c, m.mul(slope, m.sub(p, target)));
  });
}

namespace {

struct CrossEntropyFormula
    : PixelReductionOpInterface::ExternalModel<CrossEntropyFormula,
                                               seg::CrossEntropyOp> {
  unsigned getSumCount(Operation *) const { return 1; }

  void emitTerms(Operation *op, KernelBody &k, const LossPixels &pixels,
                 AddTerm add) const {
    double gamma =
        cast<seg::CrossEntropyOp>(op).getFocalGamma().convertToDouble();
    add(0, Channel(0), emitLogTerm(k, pixels, gamma));
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
    : LogitsMapOpInterface::ExternalModel<CrossEntropyGradFormula,
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

  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *> shared,
                  ChannelValues &grads) const {
    double gamma =
        cast<seg::CrossEntropyGradOp>(op).getFocalGamma().convertToDouble();
    emitLogGradient(k, pixels, gamma, shared[0]->get(k, 0), grads);
  }
};

} // namespace

/// Emits the weight of a pixel's class, 0 if its label is no class. Classes
/// of equal weights that follow each other are one comparison.
static Value emitPixelWeight(KernelBody &k, const LossPixels &pixels,
                             const seg::PointwiseMath &m,
                             ArrayRef<double> weights) {
  Value weight = m.constant(0);
  for (size_t first = 0, last; first < weights.size(); first = last + 1) {
    for (last = first;
         last + 1 < weights.size() && weights[last + 1] == weights[first];)
      ++last;
    weight = m.select(pixels.isBetween(k, static_cast<int64_t>(first),
                                       static_cast<int64_t>(last)),
                      m.constant(weights[first]), weight);
  }
  return weight;
}

namespace {

/// The sums are those of weight * f(p) and of the weights.
struct WeightedCrossEntropyFormula
    : PixelReductionOpInterface::ExternalModel<WeightedCrossEntropyFormula,
                                               seg::WeightedCrossEntropyOp> {
  unsigned getSumCount(Operation *) const { return 2; }

  void emitTerms(Operation *op, KernelBody &k, const LossPixels &pixels,
                 AddTerm add) const {
    auto entropy = cast<seg::WeightedCrossEntropyOp>(op);
    Value term =
        emitLogTerm(k, pixels, entropy.getFocalGamma().convertToDouble());
    seg::PointwiseMath m(k.builder(), k.loc(), term.getType());
    Value weight = emitPixelWeight(k, pixels, m, entropy.getClassWeights());
    // An ignored pixel has no true class, so that its term may be no number.
    Value counts = m.greater(weight, m.constant(0));
    add(0, Channel(0), m.select(counts, m.mul(weight, term), m.constant(0)));
    add(1, Channel(0), weight);
  }

  void emitMerge(Operation *op, KernelBody &k, const PixelSums &sums) const {
    auto entropy = cast<seg::WeightedCrossEntropyOp>(op);
    storeWeightedMean(
        k, sums, entropy.getLoss(), entropy.getTotalWeight(),
        [](const seg::PointwiseMath &m, Value total, Value weight) {
          return m.div(m.sub(m.constant(0), total), weight);
        });
  }
};

struct WeightedCrossEntropyGradFormula
    : LogitsMapOpInterface::ExternalModel<WeightedCrossEntropyGradFormula,
                                          seg::WeightedCrossEntropyGradOp> {
  SmallVector<int64_t> getSharedSizes(Operation *) const { return {1}; }

  void emitShared(Operation *op, KernelBody &k, Value, Channel channel,
                  ArrayRef<ChannelValues *> shared) const {
    auto grad = cast<seg::WeightedCrossEntropyGradOp>(op);
    Value scale =
        emitWeightedMeanGrad(k, grad.getGrad(), grad.getTotalWeight(),
                             [](const seg::PointwiseMath &m, Value sum,
                                Value weight) { return m.div(sum, weight); });
    shared[0]->setAll(k, channel, scale);
  }

  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *> shared,
                  ChannelValues &grads) const {
    auto grad = cast<seg::WeightedCrossEntropyGradOp>(op);
    Value scale = shared[0]->get(k, 0);
    seg::PointwiseMath m(k.builder(), k.loc(), scale.getType());
    Value weight = emitPixelWeight(k, pixels, m, grad.getClassWeights());
    emitLogGradient(k, pixels, grad.getFocalGamma().convertToDouble(),
                    m.mul(scale, weight), grads);
  }
};

/// The cross-entropy of each pixel.
struct VoxelCrossEntropyFormula
    : LogitsMapOpInterface::ExternalModel<VoxelCrossEntropyFormula,
                                          seg::VoxelCrossEntropyOp> {
  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *>, ChannelValues &losses) const {
    int64_t classes = pixels.logits().size();
    Value term = emitLogTerm(k, pixels, /*gamma=*/0);
    seg::PointwiseMath m(k.builder(), k.loc(), term.getType());
    Value loss = m.sub(m.constant(0), term);
    if (cast<seg::VoxelCrossEntropyOp>(op).getMasked())
      loss = m.select(pixels.isBetween(k, 0, classes - 1), loss, m.constant(0));
    losses.set(k, Channel(0), loss);
  }
};

struct VoxelCrossEntropyGradFormula
    : LogitsMapOpInterface::ExternalModel<VoxelCrossEntropyGradFormula,
                                          seg::VoxelCrossEntropyGradOp> {
  Value getPixelWeights(Operation *op) const {
    return cast<seg::VoxelCrossEntropyGradOp>(op).getGrad();
  }

  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *>, ChannelValues &grads) const {
    Value scale = pixels.weights();
    seg::PointwiseMath m(k.builder(), k.loc(), scale.getType());
    if (cast<seg::VoxelCrossEntropyGradOp>(op).getMasked())
      scale = m.select(pixels.isBetween(k, 0, grads.size() - 1), scale,
                       m.constant(0));
    emitLogGradient(k, pixels, /*gamma=*/0, scale, grads);
  }
};

} // namespace

void segc::attachCrossEntropyFormulas(MLIRContext *context) {
  seg::CrossEntropyGradOp::attachInterface<CrossEntropyGradFormula>(*context);
  seg::CrossEntropyOp::attachInterface<CrossEntropyFormula>(*context);
  seg::VoxelCrossEntropyGradOp::attachInterface<VoxelCrossEntropyGradFormula>(
      *context);
  seg::VoxelCrossEntropyOp::attachInterface<VoxelCrossEntropyFormula>(*context);
  seg::WeightedCrossEntropyGradOp::attachInterface<
      WeightedCrossEntropyGradFormula>(*context);
  seg::WeightedCrossEntropyOp::attachInterface<WeightedCrossEntropyFormula>(
      *context);
}
