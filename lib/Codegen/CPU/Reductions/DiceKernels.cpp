//===- DiceKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/LossKernels.h"

using namespace mlir;
using namespace segc;

namespace {

/// The attributes of both ops.
struct DiceRule {
  template <typename OpTy>
  explicit DiceRule(OpTy op)
      : squared(op.getSquared()), batchReduce(op.getBatchReduce()),
        smooth(op.getSmooth().convertToDouble()),
        excludeBackground(op.getExcludeBackground()),
        sumClasses(op.getSumClasses()) {}

  /// Weight of 1 - D of class `c` in the loss, in f64.
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

  /// Numerator and denominator of D of class `c` from rows [3, C] of `count`
  /// samples from element `row` on.
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

  bool squared, batchReduce;
  double smooth;

private:
  bool excludeBackground, sumClasses;
};

/// For each class sum(p t), sum(p) or sum(p p), sum(t).
struct DiceReduction
    : CpuPixelReductionOpInterface::ExternalModel<DiceReduction, seg::DiceOp> {
  unsigned sumCount(Operation *op) const {
    return 3 * seg::channels(cast<seg::DiceOp>(op).getLogits().getType());
  }

  void addTerms(Operation *op, KernelBody &k, const PixelVector &pixels,
                PixelTerms &terms) const {
    auto dice = cast<seg::DiceOp>(op);
    PixelBatch batch = loadBatch(k, dice, pixels);
    int64_t classes = batch.logits().size();
    const PixelChannels &probabilities = batch.softmax(k).probabilities;
    forChannels(k, classes, [&](Channel c) {
      Value p = probabilities.get(k, c), isClass = batch.isClass(k, c);
      seg::PointwiseMath m(k.builder(), k.loc(), p.getType());
      terms.add(k, 0, c, m.select(isClass, p, m.constant(0)));
      terms.add(k, classes, c, dice.getSquared() ? m.mul(p, p) : p);
      terms.add(k, 2 * classes, c,
                m.select(isClass, m.constant(1), m.constant(0)));
    });
  }

  void emitMerge(Operation *op, FusionEmitter &emitter,
                 const PixelSums &sums) const {
    auto dice = cast<seg::DiceOp>(op);
    emitter.launch({1, 0}, 0, [&](KernelBody &k) { merge(k, dice, sums); });
  }

private:
  static void merge(KernelBody &k, seg::DiceOp op, const PixelSums &sums) {
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
    Value loss = m.constant(0), perClass = outputOf(k, op.getPerClass());
    Value inverse = m.div(m.constant(1), indexToDouble(k, k.batch()));
    auto addClass = [&](Channel c, ValueRange carried) -> SmallVector<Value> {
      auto diceOf = [&](Value row, Value count) {
        auto [numerator, denominator] =
            rule.fraction(k, k.sums(), row, count, c, classes);
        return m.div(numerator, denominator);
      };
      Value dice;
      if (rule.batchReduce) {
        dice = diceOf(sums.sampleRow(k, zero), k.batch());
      } else {
        Value total =
            k.loop(zero, k.batch(), 1, {m.constant(0)},
                   [&](Value sample, ValueRange sum) -> SmallVector<Value> {
                     return {m.add(sum[0], diceOf(sums.sampleRow(k, sample),
                                                  k.index(1)))};
                   })[0];
        dice = m.mul(total, inverse);
      }
      if (perClass)
        k.storeScalar(toFloat(k, dice), perClass, c.getIndex(k));
      return {m.fma(rule.classWeight(k, c, classes), m.sub(m.constant(1), dice),
                    carried[0])};
    };
    loss = forChannels(k, 0, classes, loss, addClass)[0];
    if (Value memref = outputOf(k, op.getLoss()))
      k.storeScalar(toFloat(k, loss), memref, k.index(0));
  }
};

struct DiceGradKernel
    : CpuKernelOpInterface::ExternalModel<DiceGradKernel, seg::DiceGradOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "dice_grad");
  }

  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto grad = cast<seg::DiceGradOp>(op);
    LossLayout layout(grad.getLogits().getType());
    DiceRule rule(grad);
    int64_t classes = layout.classes;
    int64_t lanes = emitter.getTarget().lanes;
    // dLoss/dp = onTarget * t + always * (p if squared, else 1).
    auto prepare = [&](KernelBody &k, Value sample) {
      seg::PointwiseMath m = doubles(k);
      Value upstream = loadDouble(k, inputOf(k, grad.getGrad()), k.index(0));
      if (!rule.batchReduce)
        upstream = m.div(upstream, indexToDouble(k, k.batch()));
      Value row = rule.batchReduce ? k.index(0) : k.mul(sample, 3 * classes);
      Value count = rule.batchReduce ? k.batch() : k.index(1);
      PixelChannels onTarget(classes, lanes, preparedBuffer),
          always(classes, lanes, preparedBuffer + 1);
      forChannels(k, classes, [&](Channel c) {
        auto [numerator, denominator] = rule.fraction(
            k, inputOf(k, grad.getSums()), row, count, c, classes);
        Value scaled = m.div(m.mul(upstream, rule.classWeight(k, c, classes)),
                             denominator);
        auto set = [&](PixelChannels &channels, Value value) {
          channels.set(k, c, k.splat(toFloat(k, value), lanes));
        };
        set(onTarget, m.mul(scaled, m.constant(-2)));
        Value each = m.div(m.mul(scaled, numerator), denominator);
        set(always, rule.squared ? m.mul(each, m.constant(2)) : each);
      });
      return SmallVector<PixelChannels>{onTarget, always};
    };
    emitLogitsGrad(
        emitter, grad, layout, prepare,
        [&](KernelBody &k, const PixelBatch &batch,
            ArrayRef<PixelChannels> prepared) {
          const PixelChannels &p = batch.softmax(k).probabilities;
          seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
          PixelChannels dp(classes, lanes);
          forChannels(k, classes, [&](Channel c) {
            Value onTarget = m.select(batch.isClass(k, c),
                                      prepared[0].get(k, c), m.constant(0));
            Value always = prepared[1].get(k, c);
            dp.set(k, c,
                   rule.squared ? m.fma(always, p.get(k, c), onTarget)
                                : m.add(always, onTarget));
          });
          emitSoftmaxGrad(k, p, dp);
          return dp;
        });
    return success();
  }

  double flopsPerSample(Operation *op) const {
    return LossLayout(cast<seg::DiceGradOp>(op).getLogits().getType()).flops();
  }
};

} // namespace

void segc::registerDiceCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::DiceOp::attachInterface<LossKernel<seg::DiceOp>, DiceReduction>(
        *context);
    seg::DiceGradOp::attachInterface<DiceGradKernel>(*context);
  });
}
