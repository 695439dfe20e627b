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

struct DiceKernel
    : CpuKernelOpInterface::ExternalModel<DiceKernel, seg::DiceOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    LossLayout layout(cast<seg::DiceOp>(op).getLogits().getType());
    // Sums of every tile, then of every sample.
    return plainStrategy(op, "dice",
                         layout.samples * (layout.tiles + 1) * 3 *
                             layout.classes * 4);
  }

  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto dice = cast<seg::DiceOp>(op);
    LossLayout layout(dice.getLogits().getType());
    DiceRule rule(dice);
    int64_t classes = layout.classes, sums = 3 * classes;
    emitTileSums(
        emitter, dice, layout, sums,
        [&](KernelBody &k, const PixelBatch &batch) {
          SmallVector<Value> p = emitSoftmax(k, batch.logits).probabilities,
                             terms(sums);
          seg::PointwiseMath m(k.builder(), k.loc(), p[0].getType());
          for (int64_t c = 0; c < classes; ++c) {
            Value isClass = batch.isClass(k, c);
            terms[c] = m.select(isClass, p[c], m.constant(0));
            terms[classes + c] = rule.squared ? m.mul(p[c], p[c]) : p[c];
            terms[2 * classes + c] =
                m.select(isClass, m.constant(1), m.constant(0));
          }
          return terms;
        });
    emitter.launch({1, 0}, 0,
                   [&](KernelBody &k) { emitMerge(k, dice, layout, rule); });
    return success();
  }

  double flopsPerSample(Operation *op) const {
    return LossLayout(cast<seg::DiceOp>(op).getLogits().getType()).flops();
  }

private:
  static void emitMerge(KernelBody &k, seg::DiceOp op, const LossLayout &layout,
                        const DiceRule &rule) {
    int64_t classes = layout.classes, sums = 3 * classes;
    Value sampleSums = k.index(layout.samples * layout.tiles * sums),
          output = outputOf(k, op.getSums());
    k.loop(k.index(0), k.batch(), 1, [&](Value sample) {
      k.loop(k.index(0), k.index(sums), 1, [&](Value i) {
        Value first = k.add(k.mul(sample, layout.tiles * sums), i);
        Value total = toFloat(
            k, sumStrided(k, k.temp(), first, k.index(layout.tiles), sums));
        Value position = k.add(k.mul(sample, sums), i);
        k.storeScalar(total, k.temp(), k.add(sampleSums, position));
        if (output)
          k.storeScalar(total, output, position);
      });
    });
    seg::PointwiseMath m = doubles(k);
    Value loss = m.constant(0), perClass = outputOf(k, op.getPerClass());
    Value inverse = m.div(m.constant(1), indexToDouble(k, k.batch()));
    for (int64_t c = 0; c < classes; ++c) {
      auto diceOf = [&](Value row, Value count) {
        auto [numerator, denominator] =
            rule.fraction(k, k.temp(), row, count, c, classes);
        return m.div(numerator, denominator);
      };
      Value dice;
      if (rule.batchReduce) {
        dice = diceOf(sampleSums, k.batch());
      } else {
        Value total =
            k.loop(k.index(0), k.batch(), 1, {m.constant(0)},
                   [&](Value sample, ValueRange sum) -> SmallVector<Value> {
                     return {m.add(
                         sum[0], diceOf(k.add(sampleSums, k.mul(sample, sums)),
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
    seg::DiceOp::attachInterface<DiceKernel>(*context);
    seg::DiceGradOp::attachInterface<DiceGradKernel>(*context);
  });
}
