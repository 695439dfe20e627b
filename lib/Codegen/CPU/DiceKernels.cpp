//===- DiceKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LossKernels.h"

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

  /// Weight of 1 - D of class `c` in the loss.
  double classWeight(int64_t c, int64_t classes) const {
    if (excludeBackground && c == 0)
      return 0;
    return sumClasses ? 1.0
                      : 1.0 / static_cast<double>(classes - excludeBackground);
  }

  /// Numerator and denominator of D of class `c` from rows [3, C] of `count`
  /// samples from element `row` on.
  std::pair<Value, Value> fraction(KernelBody &k, Value sums, Value row,
                                   Value count, int64_t c,
                                   int64_t classes) const {
    seg::PointwiseMath m = doubles(k);
    Value sum[3];
    for (int64_t i = 0; i < 3; ++i)
      sum[i] =
          sumStrided(k, sums, k.add(row, i * classes + c), count, 3 * classes);
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

  SmallVector<Value> terms(Operation *op, KernelBody &k,
                           const PixelVector &pixels) const {
    auto dice = cast<seg::DiceOp>(op);
    PixelBatch batch = loadBatch(k, dice, pixels);
    int64_t classes = batch.logits.size();
    SmallVector<Value> p = emitSoftmax(k, batch.logits).probabilities,
                       terms(3 * classes);
    seg::PointwiseMath m(k.builder(), k.loc(), p[0].getType());
    for (int64_t c = 0; c < classes; ++c) {
      Value isClass = batch.isClass(k, c);
      terms[c] = m.select(isClass, p[c], m.constant(0));
      terms[classes + c] = dice.getSquared() ? m.mul(p[c], p[c]) : p[c];
      terms[2 * classes + c] = m.select(isClass, m.constant(1), m.constant(0));
    }
    return terms;
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
    for (int64_t c = 0; c < classes; ++c) {
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
        k.storeScalar(toFloat(k, dice), perClass, k.index(c));
      loss = m.fma(m.constant(rule.classWeight(c, classes)),
                   m.sub(m.constant(1), dice), loss);
    }
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
    // dLoss/dp = onTarget * t + always * (p if squared, else 1).
    auto prepare = [&](KernelBody &k, Value sample) {
      seg::PointwiseMath m = doubles(k);
      Value upstream = loadDouble(k, inputOf(k, grad.getGrad()), k.index(0));
      if (!rule.batchReduce)
        upstream = m.div(upstream, indexToDouble(k, k.batch()));
      Value row = rule.batchReduce ? k.index(0) : k.mul(sample, 3 * classes);
      Value count = rule.batchReduce ? k.batch() : k.index(1);
      SmallVector<Value> coefficients;
      for (int64_t c = 0; c < classes; ++c) {
        auto [numerator, denominator] = rule.fraction(
            k, inputOf(k, grad.getSums()), row, count, c, classes);
        Value scaled =
            m.div(m.mul(upstream, m.constant(rule.classWeight(c, classes))),
                  denominator);
        coefficients.push_back(m.mul(scaled, m.constant(-2)));
        Value always = m.div(m.mul(scaled, numerator), denominator);
        coefficients.push_back(rule.squared ? m.mul(always, m.constant(2))
                                            : always);
      }
      return coefficients;
    };
    emitLogitsGrad(
        emitter, grad, layout, prepare,
        [&](KernelBody &k, const PixelBatch &batch, ArrayRef<Value> prepared) {
          SmallVector<Value> p = emitSoftmax(k, batch.logits).probabilities, dp;
          seg::PointwiseMath m(k.builder(), k.loc(), p[0].getType());
          for (int64_t c = 0; c < classes; ++c) {
            Value onTarget =
                m.select(batch.isClass(k, c), prepared[2 * c], m.constant(0));
            dp.push_back(rule.squared
                             ? m.fma(prepared[2 * c + 1], p[c], onTarget)
                             : m.add(prepared[2 * c + 1], onTarget));
          }
          return emitSoftmaxGrad(k, p, dp);
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
