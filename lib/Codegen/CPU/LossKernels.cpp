//===- LossKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Dice and cross-entropy: a launch over tiles of pixels (a pixel a lane), and
// for the losses one task that merges the tiles' sums in order, in f64.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace segc;

namespace {

/// Tiles of the logits' pixels.
struct LossLayout {
  explicit LossLayout(RankedTensorType logits)
      : samples(logits.getDimSize(0)), pixels(seg::spatialSize(logits)),
        classes(seg::channels(logits)),
        tilePixels(std::max<int64_t>(64, taskElements / 4 / classes)),
        tiles(llvm::divideCeilSigned(pixels, tilePixels)) {}

  /// The exponentials cost about 20 operations each.
  double flops() const { return 25.0 * static_cast<double>(pixels * classes); }

  int64_t samples, pixels, classes, tilePixels, tiles;
};

/// Logits and labels of the pixels of one vector.
struct PixelBatch {
  SmallVector<Value> logits;
  Value labels;
  /// Lanes whose label is `c`.
  Value isClass(KernelBody &k, int64_t c) const {
    auto type = cast<VectorType>(labels.getType());
    Value wanted = arith::ConstantOp::create(
        k.builder(), k.loc(),
        DenseElementsAttr::get(type, static_cast<int32_t>(c)));
    return arith::CmpIOp::create(k.builder(), k.loc(), arith::CmpIPredicate::eq,
                                 labels, wanted);
  }
};

template <typename OpTy>
PixelBatch loadBatch(KernelBody &k, OpTy op, const LossLayout &layout,
                     int64_t lanes, Value pixel, Value count, Value mask) {
  return {loadPixels(k, inputOf(k, op.getLogits()), pixel, layout.classes,
                     lanes, count),
          loadVector(k, inputOf(k, op.getLabels()), pixel, lanes, mask)};
}

/// Sums `sums` terms over each tile; a tile's sums lie side by side in the
/// temporary, tiles in order.
template <typename OpTy>
void emitTileSums(
    FusionEmitter &emitter, OpTy op, const LossLayout &layout, int64_t sums,
    llvm::function_ref<SmallVector<Value>(KernelBody &, const PixelBatch &)>
        terms) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch({0, layout.tiles}, 0, [&](KernelBody &k) {
    Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
    Value base = k.mul(tile.sample, layout.pixels), row = k.mul(k.task(), sums);
    SmallVector<Value> totals = sumPixelVectors(
        k, k.add(base, tile.begin), k.add(base, tile.end), lanes, sums,
        [&](Value pixel, Value count, Value mask) {
          return terms(k, loadBatch(k, op, layout, lanes, pixel, count, mask));
        });
    for (auto [i, total] : llvm::enumerate(totals))
      k.storeScalar(total, k.temp(), k.add(row, i));
  });
}

/// Computes the logits' gradient from vectors of pixels.
template <typename OpTy>
void emitLogitsGrad(
    FusionEmitter &emitter, OpTy op, const LossLayout &layout,
    llvm::function_ref<SmallVector<Value>(KernelBody &, Value sample)> prepare,
    llvm::function_ref<SmallVector<Value>(KernelBody &, const PixelBatch &,
                                          ArrayRef<Value>)>
        body) {
  int64_t lanes = emitter.getTarget().lanes;
  emitter.launch({0, layout.tiles}, 0, [&](KernelBody &k) {
    Tile tile = sampleTile(k, layout.pixels, layout.tilePixels);
    Value base = k.mul(tile.sample, layout.pixels),
          output = outputOf(k, op.getOutput());
    SmallVector<Value> prepared;
    for (Value scalar : prepare(k, tile.sample))
      prepared.push_back(k.splat(toFloat(k, scalar), lanes));
    forPixelVectors(k, k.add(base, tile.begin), k.add(base, tile.end), lanes,
                    [&](Value pixel, Value count, Value mask) {
                      PixelBatch batch =
                          loadBatch(k, op, layout, lanes, pixel, count, mask);
                      storePixels(k, body(k, batch, prepared), output, pixel,
                                  count);
                    });
  });
}

seg::PointwiseMath doubles(KernelBody &k) {
  return {k.builder(), k.loc(), k.builder().getF64Type()};
}
Value loadDouble(KernelBody &k, Value memref, Value index) {
  return toDouble(k, k.loadScalar(memref, index));
}

/// Sum of every `stride`-th element of [first, first + count * stride).
Value sumStrided(KernelBody &k, Value memref, Value first, Value count,
                 int64_t stride) {
  return k.loop(
      k.index(0), count, 1, {doubleConstant(k, 0)},
      [&](Value i, ValueRange sum) -> SmallVector<Value> {
        return {doubles(k).add(
            sum[0], loadDouble(k, memref, k.add(first, k.mul(i, stride))))};
      })[0];
}

//===----------------------------------------------------------------------===//
// dice, dice_grad
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// cross_entropy, cross_entropy_grad
//===----------------------------------------------------------------------===//

/// q^gamma for q in [0, 1]; 0 where q is (nearly) 0.
Value power(const seg::PointwiseMath &m, Value q, double gamma) {
  if (gamma == 0)
    return m.constant(1);
  if (gamma == std::floor(gamma) && gamma <= 4) {
    Value result = q;
    for (int i = 1; i < static_cast<int>(gamma); ++i)
      result = m.mul(result, q);
    return result;
  }
  // The logarithm wants normal numbers.
  Value smallest = m.constant(1e-37);
  Value result = m.exp(m.mul(m.log(m.max(q, smallest)), m.constant(gamma)));
  return m.select(m.greater(q, smallest), result, m.constant(0));
}

/// The true class's logarithm of p, and 1 - p without cancellation.
struct TrueClass {
  TrueClass(KernelBody &k, const PixelBatch &batch)
      : softmax(emitSoftmax(k, batch.logits)) {
    seg::PointwiseMath m(k.builder(), k.loc(), softmax.sum.getType());
    Value logit = batch.logits[0];
    for (int64_t c = 0, classes = batch.logits.size(); c < classes; ++c) {
      Value isClass = batch.isClass(k, c);
      logit = m.select(isClass, batch.logits[c], logit);
      Value other = m.select(isClass, m.constant(0), softmax.probabilities[c]);
      rest = rest ? m.add(rest, other) : other;
    }
    logP = m.sub(m.sub(logit, softmax.maximum), m.log(softmax.sum));
  }
  SoftmaxValues softmax;
  Value logP, rest;
};

struct CrossEntropyKernel
    : CpuKernelOpInterface::ExternalModel<CrossEntropyKernel,
                                          seg::CrossEntropyOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    LossLayout layout(cast<seg::CrossEntropyOp>(op).getLogits().getType());
    return plainStrategy(op, "cross_entropy",
                         layout.samples * layout.tiles * 4);
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto entropy = cast<seg::CrossEntropyOp>(op);
    LossLayout layout(entropy.getLogits().getType());
    double gamma = entropy.getFocalGamma().convertToDouble();
    emitTileSums(
        emitter, entropy, layout, 1,
        [&](KernelBody &k, const PixelBatch &batch) {
          TrueClass of(k, batch);
          seg::PointwiseMath m(k.builder(), k.loc(), of.logP.getType());
          return SmallVector<Value>{
              gamma == 0 ? of.logP : m.mul(power(m, of.rest, gamma), of.logP)};
        });
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      seg::PointwiseMath m = doubles(k);
      Value total = sumStrided(k, k.temp(), k.index(0),
                               k.mul(k.batch(), layout.tiles), 1);
      Value count = indexToDouble(k, k.mul(k.batch(), layout.pixels));
      k.storeScalar(toFloat(k, m.div(m.sub(m.constant(0), total), count)),
                    outputOf(k, entropy.getLoss()), k.index(0));
    });
    return success();
  }
  double flopsPerSample(Operation *op) const {
    return LossLayout(cast<seg::CrossEntropyOp>(op).getLogits().getType())
        .flops();
  }
};

struct CrossEntropyGradKernel
    : CpuKernelOpInterface::ExternalModel<CrossEntropyGradKernel,
                                          seg::CrossEntropyGradOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "cross_entropy_grad");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto grad = cast<seg::CrossEntropyGradOp>(op);
    LossLayout layout(grad.getLogits().getType());
    double gamma = grad.getFocalGamma().convertToDouble();
    auto prepare = [&](KernelBody &k, Value) {
      Value count = indexToDouble(k, k.mul(k.batch(), layout.pixels));
      return SmallVector<Value>{doubles(k).div(
          loadDouble(k, inputOf(k, grad.getGrad()), k.index(0)), count)};
    };
    emitLogitsGrad(
        emitter, grad, layout, prepare,
        [&](KernelBody &k, const PixelBatch &batch, ArrayRef<Value> prepared) {
          seg::PointwiseMath m(k.builder(), k.loc(), prepared[0].getType());
          SoftmaxValues softmax;
          // p dL/dp of the true class, negated: q^gamma - gamma q^(gamma-1) p
          // log p.
          Value slope = prepared[0];
          if (gamma == 0) {
            softmax = emitSoftmax(k, batch.logits);
          } else {
            TrueClass of(k, batch);
            softmax = of.softmax;
            Value p = m.sub(m.constant(1), of.rest);
            Value inner =
                m.mul(m.mul(power(m, of.rest, gamma - 1), m.constant(gamma)),
                      m.mul(p, of.logP));
            slope = m.mul(slope, m.sub(power(m, of.rest, gamma), inner));
          }
          SmallVector<Value> result;
          for (auto [c, p] : llvm::enumerate(softmax.probabilities)) {
            Value target =
                m.select(batch.isClass(k, c), m.constant(1), m.constant(0));
            result.push_back(m.mul(slope, m.sub(p, target)));
          }
          return result;
        });
    return success();
  }
  double flopsPerSample(Operation *op) const {
    return LossLayout(cast<seg::CrossEntropyGradOp>(op).getLogits().getType())
        .flops();
  }
};

} // namespace

void segc::registerLossCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::CrossEntropyGradOp::attachInterface<CrossEntropyGradKernel>(*context);
    seg::CrossEntropyOp::attachInterface<CrossEntropyKernel>(*context);
    seg::DiceGradOp::attachInterface<DiceGradKernel>(*context);
    seg::DiceOp::attachInterface<DiceKernel>(*context);
  });
}
