//===- CrossEntropyKernels.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/LossKernels.h"
#include <cmath>

using namespace mlir;
using namespace segc;

namespace {

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
  TrueClass(KernelBody &k, const PixelBatch &batch) {
    const SoftmaxValues &softmax = batch.softmax(k);
    seg::PointwiseMath m(k.builder(), k.loc(), softmax.sum.getType());
    // The logit of the true class so far, and the sum of the others' p.
    auto add = [&](Channel c, Value logit, Value sum) -> SmallVector<Value> {
      Value isClass = batch.isClass(k, c);
      logit = m.select(isClass, batch.logits().get(k, c), logit);
      Value other =
          m.select(isClass, m.constant(0), softmax.probabilities.get(k, c));
      return {logit, sum ? m.add(sum, other) : other};
    };
    SmallVector<Value> values =
        add(Channel(0), batch.logits().get(k, 0), Value());
    values = forChannels(k, 1, batch.logits().size(), values,
                         [&](Channel c, ValueRange carried) {
                           return add(c, carried[0], carried[1]);
                         });
    rest = values[1];
    logP = m.sub(m.sub(values[0], softmax.maximum), m.log(softmax.sum));
  }
  Value logP, rest;
};

struct CrossEntropyReduction
    : CpuPixelReductionOpInterface::ExternalModel<CrossEntropyReduction,
                                                  seg::CrossEntropyOp> {
  unsigned sumCount(Operation *) const { return 1; }

  void addTerms(Operation *op, KernelBody &k, const PixelVector &pixels,
                PixelTerms &terms) const {
    auto entropy = cast<seg::CrossEntropyOp>(op);
    double gamma = entropy.getFocalGamma().convertToDouble();
    TrueClass of(k, loadBatch(k, entropy, pixels));
    seg::PointwiseMath m(k.builder(), k.loc(), of.logP.getType());
    terms.add(k, 0, Channel(0),
              gamma == 0 ? of.logP : m.mul(power(m, of.rest, gamma), of.logP));
  }

  void emitMerge(Operation *op, FusionEmitter &emitter,
                 const PixelSums &sums) const {
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      seg::PointwiseMath m = doubles(k);
      Value zero = k.index(0);
      Value total = sumStrided(k, k.sums(), sums.tileRow(k, zero, zero),
                               k.mul(k.batch(), sums.tiles), sums.count);
      Value count = indexToDouble(k, k.mul(k.batch(), sums.pixels));
      k.storeScalar(toFloat(k, m.div(m.sub(m.constant(0), total), count)),
                    outputOf(k, cast<seg::CrossEntropyOp>(op).getLoss()),
                    k.index(0));
    });
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
    int64_t lanes = emitter.getTarget().lanes;
    auto prepare = [&](KernelBody &k, Value) {
      Value count = indexToDouble(k, k.mul(k.batch(), layout.pixels));
      Value scale = doubles(k).div(
          loadDouble(k, inputOf(k, grad.getGrad()), k.index(0)), count);
      PixelChannels prepared(1, lanes);
      prepared.set(k, Channel(0), k.splat(toFloat(k, scale), lanes));
      return SmallVector<PixelChannels>{prepared};
    };
    emitLogitsGrad(
        emitter, grad, layout, prepare,
        [&](KernelBody &k, const PixelBatch &batch,
            ArrayRef<PixelChannels> prepared) {
          // p dL/dp of the true class, negated: q^gamma - gamma q^(gamma-1) p
          // log p.
          Value slope = prepared[0].get(k, 0);
          seg::PointwiseMath m(k.builder(), k.loc(), slope.getType());
          if (gamma != 0) {
            TrueClass of(k, batch);
            Value p = m.sub(m.constant(1), of.rest);
            Value inner =
                m.mul(m.mul(power(m, of.rest, gamma - 1), m.constant(gamma)),
                      m.mul(p, of.logP));
            slope = m.mul(slope, m.sub(power(m, of.rest, gamma), inner));
          }
          const PixelChannels &probabilities = batch.softmax(k).probabilities;
          PixelChannels result(layout.classes, lanes);
          forChannels(k, layout.classes, [&](Channel c) {
            Value target =
                m.select(batch.isClass(k, c), m.constant(1), m.constant(0));
            Value p = probabilities.get(k, c);
            result.set(k, c, m.mul(slope, m.sub(p, target)));
          });
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

void segc::registerCrossEntropyCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::CrossEntropyOp::attachInterface<LossKernel<seg::CrossEntropyOp>,
                                         CrossEntropyReduction>(*context);
    seg::CrossEntropyGradOp::attachInterface<CrossEntropyGradKernel>(*context);
  });
}
