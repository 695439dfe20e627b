//===- Dice.cpp -----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionPixels.h"
#include "segc/Codegen/Common/Formulas.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc;

namespace {

/// The attributes that dice, dice_grad and dice_from_sums share.
struct DiceRule {
  template <typename OpTy>
  explicit DiceRule(OpTy op)
      : DiceRule(op, op.getSquared(), op.getBatchReduce()) {}
  explicit DiceRule(seg::DiceFromSumsOp op)
      : DiceRule(op, /*squared=*/false, /*batchReduce=*/true) {}

  /// Returns the weight of 1 - D of class `c` in the loss, in f64.
  Value classWeight(KernelBody &k, Channel c, int64_t classes) const {
    double weight =
        sumClasses ? 1.0
                   : 1.0 / static_cast<double>(classes - excludeBackground);
    seg::PointwiseMath m = doubles(k);
    if (!excludeBackground)
      return m.constant(weight);
    if (c.isNumber())
      return m.constant(c.getNumber() == 0 ? 0 : weight);
    Value isBackground = k.less(c.getIndex(k), k.index(1));
    return m.select(isBackground, m.constant(0), m.constant(weight));
  }

  /// Returns numerator and denominator of D of class `c`. `sums` has the rows
  /// [3, C] of `count` samples from element `row` on.
  std::pair<Value, Value> fraction(KernelBody &k, Value sums, Value row,
                                   Value count, Channel c,
                                   int64_t classes) const {
    seg::PointwiseMath m = doubles(k);
    Value sum[3];
    for (int64_t i = 0; i < 3; ++i)
      sum[i] =
          sumStrided(k, sums, c.from(k, row, i * classes), count, 3 * classes);
    return {m.fma(m.constant(2), sum[0], m.constant(smooth)),
            m.add(m.add(sum[1], sum[2]), m.constant(smooth))};
  }

  /// Stores D of each class, of type f64, and the loss that they make. Either
  /// result may be none.
  void storeLoss(KernelBody &k, int64_t classes, Value loss, Value perClass,
                 llvm::function_ref<Value(Channel)> diceOf) const {
    seg::PointwiseMath m = doubles(k);
    auto addClass = [&](Channel c, ValueRange carried) -> SmallVector<Value> {
      Value dice = diceOf(c);
      if (Value memref = outputOf(k, perClass))
        k.storeScalar(toFloat(k, dice), memref, c.getIndex(k));
      return {m.fma(classWeight(k, c, classes), m.sub(m.constant(1), dice),
                    carried[0])};
    };
    Value total = forChannels(k, 0, classes, m.constant(0), addClass)[0];
    if (Value memref = outputOf(k, loss))
      k.storeScalar(toFloat(k, total), memref, k.index(0));
  }

  bool squared, batchReduce;
  double smooth;

private:
  template <typename OpTy>
  DiceRule(OpTy op, bool squared, bool batchReduce)
      : squared(squared), batchReduce(batchReduce),
        smooth(op.getSmooth().convertToDouble()),
        excludeBackground(op.getExcludeBackground()),
        sumClasses(op.getSumClasses()) {}

  bool excludeBackground, sumClasses;
};

/// What the pixels of a Dice loss are: the softmax and the classes, or the
/// sigmoids and the regions.
class DicePixels {
public:
  template <typename OpTy>
  DicePixels(KernelBody &k, OpTy op, const LossPixels &pixels)
      : pixels(pixels) {
    int64_t classes = pixels.logits().size();
    if (ArrayAttr values = op.getRegionsAttr()) {
      regions.emplace(k, pixels, values, op.getIgnored());
      counts = regions->getCounts();
      return;
    }
    softmax = &pixels.probabilities(k);
    if (op.getMasked())
      counts = pixels.isBetween(k, 0, classes - 1);
  }

  Value probability(KernelBody &k, Channel c) const {
    return softmax ? softmax->get(k, c)
                   : emitSigmoid(k, pixels.logits().get(k, c));
  }
  /// Whether the pixels are of class or region `c`.
  Value isTarget(KernelBody &k, Channel c) const {
    return regions ? regions->contains(k, c) : pixels.isClass(k, c);
  }
  /// Null if the probabilities are sigmoids.
  const ChannelValues *getSoftmax() const { return softmax; }
  /// Whether the pixels count; null if all do.
  Value getCounts() const { return counts; }

private:
  const LossPixels &pixels;
  std::optional<RegionPixels> regions;
  const ChannelValues *softmax = nullptr;
  Value counts;
};

/// The sums of a tile are, for each class, sum(p t), sum(p) or sum(p p), and
/// sum(t).
struct DiceFormula
    : PixelReductionOpInterface::ExternalModel<DiceFormula, seg::DiceOp> {
  unsigned getSumCount(Operation *op) const {
    return 3 * seg::channels(cast<seg::DiceOp>(op).getLogits().getType());
  }

  void emitTerms(Operation *op, KernelBody &k, const LossPixels &pixels,
                 AddTerm add) const {
    auto dice = cast<seg::DiceOp>(op);
    bool squared = dice.getSquared();
    int64_t classes = pixels.logits().size();
    DicePixels of(k, dice, pixels);
    Value counts = of.getCounts();
    forChannels(k, classes, [&](Channel c) {
      Value p = of.probability(k, c), isClass = of.isTarget(k, c);
      seg::PointwiseMath m(k.builder(), k.loc(), p.getType());
      if (counts)
        p = m.select(counts, p, m.constant(0));
      add(0, c, m.select(isClass, p, m.constant(0)));
      add(classes, c, squared ? m.mul(p, p) : p);
      add(2 * classes, c, m.select(isClass, m.constant(1), m.constant(0)));
    });
  }

  void emitMerge(Operation *operation, KernelBody &k,
                 const PixelSums &sums) const {
    auto op = cast<seg::DiceOp>(operation);
    DiceRule rule(op);
    int64_t classes = sums.count / 3;
    Value zero = k.index(0), output = outputOf(k, op.getSums());
    k.loop(zero, k.batch(), 1, [&](Value sample) {
      k.loop(zero, k.index(sums.count), 1, [&](Value i) {
        Value total = toFloat(
            k, sumStrided(k, k.sums(), k.add(sums.tileRow(k, sample, zero), i),
                          k.index(sums.tiles), sums.count));
        k.storeScalar(total, k.sums(), k.add(sums.sampleRow(k, sample), i));
        if (output)
          k.storeScalar(total, output, k.add(k.mul(sample, sums.count), i));
      });
    });
    seg::PointwiseMath m = doubles(k);
    Value inverse = m.div(m.constant(1), indexToDouble(k, k.batch()));
    rule.storeLoss(
        k, classes, op.getLoss(), op.getPerClass(), [&](Channel c) -> Value {
          auto diceOf = [&](Value row, Value count) {
            auto [numerator, denominator] =
                rule.fraction(k, k.sums(), row, count, c, classes);
            return m.div(numerator, denominator);
          };
          if (rule.batchReduce)
            return diceOf(sums.sampleRow(k, zero), k.batch());
          Value total =
              k.loop(zero, k.batch(), 1, {m.constant(0)},
                     [&](Value sample, ValueRange sum) -> SmallVector<Value> {
                       return {m.add(sum[0], diceOf(sums.sampleRow(k, sample),
                                                    k.index(1)))};
                     })[0];
          return m.mul(total, inverse);
        });
  }
};

struct DiceFromSumsFormula
    : SingleTaskOpInterface::ExternalModel<DiceFromSumsFormula,
                                           seg::DiceFromSumsOp> {
  void emitTask(Operation *operation, KernelBody &k) const {
    auto op = cast<seg::DiceFromSumsOp>(operation);
    DiceRule rule(op);
    int64_t classes = seg::channels(op.getSums().getType());
    rule.storeLoss(k, classes, op.getLoss(), op.getPerClass(), [&](Channel c) {
      auto [numerator, denominator] = rule.fraction(
          k, inputOf(k, op.getSums()), k.index(0), k.batch(), c, classes);
      return doubles(k).div(numerator, denominator);
    });
  }
};

/// Computes dLoss/dp = onTarget * t + always * (p if squared, else 1), where
/// the two factors are the same for all pixels of a sample.
struct DiceGradFormula
    : LogitsMapOpInterface::ExternalModel<DiceGradFormula, seg::DiceGradOp> {
  SmallVector<int64_t> getSharedSizes(Operation *op) const {
    int64_t classes =
        seg::channels(cast<seg::DiceGradOp>(op).getLogits().getType());
    return {classes, classes};
  }

  void emitShared(Operation *op, KernelBody &k, Value sample, Channel c,
                  ArrayRef<ChannelValues *> shared) const {
    auto grad = cast<seg::DiceGradOp>(op);
    DiceRule rule(grad);
    int64_t classes = shared[0]->size();
    seg::PointwiseMath m = doubles(k);
    Value upstream = loadDouble(k, inputOf(k, grad.getGrad()), k.index(0));
    if (!rule.batchReduce)
      upstream = m.div(upstream, indexToDouble(k, k.batch()));
    Value row = rule.batchReduce ? k.index(0) : k.mul(sample, 3 * classes);
    Value count = rule.batchReduce ? k.batch() : k.index(1);
    auto [numerator, denominator] =
        rule.fraction(k, inputOf(k, grad.getSums()), row, count, c, classes);
    Value scaled =
        m.div(m.mul(upstream, rule.classWeight(k, c, classes)), denominator);
    shared[0]->setAll(k, c, toFloat(k, m.mul(scaled, m.constant(-2))));
    Value each = m.div(m.mul(scaled, numerator), denominator);
    shared[1]->setAll(
        k, c, toFloat(k, rule.squared ? m.mul(each, m.constant(2)) : each));
  }

  void emitPixels(Operation *op, KernelBody &k, const LossPixels &pixels,
                  ArrayRef<ChannelValues *> shared,
                  ChannelValues &grads) const {
    auto grad = cast<seg::DiceGradOp>(op);
    bool squared = grad.getSquared();
    DicePixels of(k, grad, pixels);
    seg::PointwiseMath m(k.builder(), k.loc(), grads.getType(k));
    Value counts = of.getCounts();
    forChannels(k, grads.size(), [&](Channel c) {
      Value onTarget =
          m.select(of.isTarget(k, c), shared[0]->get(k, c), m.constant(0));
      Value always = shared[1]->get(k, c);
      if (counts)
        always = m.select(counts, always, m.constant(0));
      Value p = squared || !of.getSoftmax() ? of.probability(k, c) : Value();
      Value slope =
          squared ? m.fma(always, p, onTarget) : m.add(always, onTarget);
      if (!of.getSoftmax())
        slope = m.mul(slope, m.mul(p, m.sub(m.constant(1), p)));
      grads.set(k, c, slope);
    });
    if (of.getSoftmax())
      emitSoftmaxGrad(k, *of.getSoftmax(), grads);
  }
};

} // namespace

void segc::attachDiceFormulas(MLIRContext *context) {
  seg::DiceFromSumsOp::attachInterface<DiceFromSumsFormula>(*context);
  seg::DiceGradOp::attachInterface<DiceGradFormula>(*context);
  seg::DiceOp::attachInterface<DiceFormula>(*context);
}
