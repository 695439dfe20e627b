//===- OptimizerKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Optimizer/OptimizerUpdate.h"

using namespace mlir;
using namespace segc;

namespace {

//===----------------------------------------------------------------------===//
// adam
//===----------------------------------------------------------------------===//

struct AdamKernel
    : CpuKernelOpInterface::ExternalModel<AdamKernel, seg::AdamOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "adam");
  }

  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto adam = cast<seg::AdamOp>(op);
    double beta1 = adam.getBeta1().convertToDouble(),
           beta2 = adam.getBeta2().convertToDouble();
    std::optional<Gradient> gradient;
    // The update is factor * m1 / (sqrt(v1 * inner) + epsilon), or factor * m1
    // where `adaptive` is off.
    auto prepare = [&](UpdateBody &body) -> SmallVector<Value> {
      gradient.emplace(body, adam);
      seg::PointwiseMath m = body.doubles();
      Value step = body.load(adam.getStep()),
            rate = body.loadDouble(adam.getLearningRate());
      Value power2 = body.power(beta2, step);
      Value correction1 = m.sub(m.constant(1), body.power(beta1, step)),
            correction2 = m.sub(m.constant(1), power2);
      Value plain = m.div(rate, correction1);
      if (!adam.getRectified())
        return {body.splat(m.mul(plain, m.sqrt(correction2)))};
      double rhoInf = 2 / (1 - beta2) - 1;
      Value steps = arith::SIToFPOp::create(
          body.k.builder(), body.k.loc(), body.k.builder().getF64Type(), step);
      Value rho =
          m.sub(m.constant(rhoInf),
                m.div(m.mul(m.mul(m.constant(2), steps), power2), correction2));
      Value adaptive = m.greater(rho, m.constant(5));
      Value above =
          m.mul(m.mul(m.sub(rho, m.constant(4)), m.sub(rho, m.constant(2))),
                m.constant(rhoInf));
      Value r = m.sqrt(
          m.div(above, m.mul(rho, m.constant((rhoInf - 4) * (rhoInf - 2)))));
      return {body.splat(m.select(adaptive, m.mul(plain, r), plain)),
              body.splat(m.div(m.constant(1), correction2)),
              body.splatCondition(adaptive)};
    };
    return emitUpdate(
        emitter, adam,
        {adam.getParams(), adam.getFirstMoment(), adam.getSecondMoment()},
        prepare,
        [&](UpdateBody &body, Value index, ArrayRef<Value> values,
            ArrayRef<Value> prepared) -> SmallVector<Value> {
          seg::PointwiseMath m = body.vectors();
          Value w = values[0], g = (*gradient)(body, index, w, values[1]);
          Value m1 = m.fma(m.constant(beta1), values[2],
                           m.mul(m.constant(1 - beta1), g));
          Value v1 = m.fma(m.constant(beta2), values[3],
                           m.mul(m.mul(m.constant(1 - beta2), g), g));
          Value inner = adam.getRectified() ? m.mul(v1, prepared[1]) : v1;
          Value divisor = m.add(m.sqrt(inner), m.constant(adam.getEpsilon()));
          if (adam.getRectified())
            divisor = m.select(prepared[2], divisor, m.constant(1));
          return {m.sub(w, m.div(m.mul(prepared[0], m1), divisor)), m1, v1};
        });
  }
};

//===----------------------------------------------------------------------===//
// rmsprop, sgd, lookahead
//===----------------------------------------------------------------------===//

struct RmspropKernel
    : CpuKernelOpInterface::ExternalModel<RmspropKernel, seg::RmspropOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "rmsprop");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto rmsprop = cast<seg::RmspropOp>(op);
    double decay = rmsprop.getDecay().convertToDouble();
    std::optional<Gradient> gradient;
    auto prepare = [&](UpdateBody &body) -> SmallVector<Value> {
      gradient.emplace(body, rmsprop);
      return {body.splat(body.load(rmsprop.getLearningRate())),
              body.splat(body.load(rmsprop.getMomentum()))};
    };
    return emitUpdate(
        emitter, rmsprop,
        {rmsprop.getParams(), rmsprop.getMeanSquare(),
         rmsprop.getMeanGradient(), rmsprop.getMomentumBuffer()},
        prepare,
        [&](UpdateBody &body, Value index, ArrayRef<Value> values,
            ArrayRef<Value> prepared) -> SmallVector<Value> {
          seg::PointwiseMath m = body.vectors();
          Value w = values[0], g = (*gradient)(body, index, w, values[1]);
          Value square = m.fma(m.constant(decay), values[2],
                               m.mul(m.mul(m.constant(1 - decay), g), g));
          Value mean = m.fma(m.constant(decay), values[3],
                             m.mul(m.constant(1 - decay), g));
          // Rounding must not make a variance negative.
          Value variance =
              m.max(m.sub(square, m.mul(mean, mean)), m.constant(0));
          Value update =
              m.div(m.mul(prepared[0], g),
                    m.sqrt(m.add(variance, m.constant(rmsprop.getEpsilon()))));
          Value momentum = m.fma(prepared[1], values[4], update);
          return {m.sub(w, momentum), square, mean, momentum};
        });
  }
};

struct SgdKernel : CpuKernelOpInterface::ExternalModel<SgdKernel, seg::SgdOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "sgd");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto sgd = cast<seg::SgdOp>(op);
    std::optional<Gradient> gradient;
    auto prepare = [&](UpdateBody &body) -> SmallVector<Value> {
      gradient.emplace(body, sgd);
      return {body.splat(body.load(sgd.getLearningRate())),
              body.splat(body.load(sgd.getMomentum()))};
    };
    return emitUpdate(
        emitter, sgd, {sgd.getParams(), sgd.getVelocity()}, prepare,
        [&](UpdateBody &body, Value index, ArrayRef<Value> values,
            ArrayRef<Value> prepared) -> SmallVector<Value> {
          seg::PointwiseMath m = body.vectors();
          Value w = values[0], g = (*gradient)(body, index, w, values[1]);
          Value velocity = m.fma(prepared[1], values[2], g);
          Value direction =
              sgd.getNesterov() ? m.fma(prepared[1], velocity, g) : velocity;
          return {m.sub(w, m.mul(prepared[0], direction)), velocity};
        });
  }
};

struct LookaheadKernel
    : CpuKernelOpInterface::ExternalModel<LookaheadKernel, seg::LookaheadOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(op, "lookahead");
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto lookahead = cast<seg::LookaheadOp>(op);
    auto prepare = [&](UpdateBody &body) -> SmallVector<Value> {
      OpBuilder &b = body.k.builder();
      Location loc = body.k.loc();
      auto constant = [&](int64_t v) -> Value {
        return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(v));
      };
      auto equals = [&](Value v, int64_t wanted) -> Value {
        Value equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v,
                                            constant(wanted));
        return body.splatCondition(equal);
      };
      Value step = body.load(lookahead.getStep());
      Value phase =
          arith::RemUIOp::create(b, loc, step, constant(lookahead.getSync()));
      return {equals(step, 1), equals(phase, 0)};
    };
    return emitUpdate(emitter, lookahead,
                      {lookahead.getParams(), lookahead.getSlow()}, prepare,
                      [&](UpdateBody &body, Value, ArrayRef<Value> values,
                          ArrayRef<Value> prepared) -> SmallVector<Value> {
                        seg::PointwiseMath m = body.vectors();
                        Value w = values[1],
                              from =
                                  m.select(prepared[0], values[0], values[2]);
                        Value merged = m.fma(m.constant(lookahead.getAlpha()),
                                             m.sub(w, from), from);
                        return {m.select(prepared[1], merged, w),
                                m.select(prepared[1], merged, from)};
                      });
  }
};

//===----------------------------------------------------------------------===//
// all_finite
//===----------------------------------------------------------------------===//

/// Gradients have no batch dimension: all elements count, whatever the rank.
struct AllFiniteKernel
    : CpuKernelOpInterface::ExternalModel<AllFiniteKernel, seg::AllFiniteOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp,
                                   const CpuStrategyContext &) const {
    return plainStrategy(
        op, "all_finite",
        tasksOf(
            cast<seg::AllFiniteOp>(op).getInput().getType().getNumElements()) *
            4);
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto allFinite = cast<seg::AllFiniteOp>(op);
    int64_t size = allFinite.getInput().getType().getNumElements(),
            lanes = emitter.getTarget().lanes;
    // x * 0 is 0 for finite x, else NaN, and NaN stays through sums.
    emitter.launch({tasksOf(size), 0}, 0, [&](KernelBody &k) {
      Value begin = k.mul(k.task(), taskElements),
            end = k.min(k.add(begin, taskElements), k.index(size));
      seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
      Value sum = addPixelVectors(
          k, begin, end, lanes, k.zeroVector(lanes),
          [&](Value i, Value, Value mask) {
            Value x = k.load(inputOf(k, allFinite.getInput()), i, lanes, mask);
            if (allFinite.getSquares())
              x = m.mul(x, x);
            return SmallVector<Value>{m.mul(x, m.constant(0))};
          })[0];
      k.storeScalar(sumLanes(k, sum), k.temp(), k.task());
    });
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      Value zero = k.scalarConstant(0), one = k.scalarConstant(1);
      Value sum =
          k.loop(k.index(0), k.index(tasksOf(size)), 1, {zero},
                 [&](Value i, ValueRange sum) -> SmallVector<Value> {
                   return {arith::AddFOp::create(k.builder(), k.loc(), sum[0],
                                                 k.loadScalar(k.temp(), i))};
                 })[0];
      Value finite = arith::CmpFOp::create(
          k.builder(), k.loc(), arith::CmpFPredicate::OEQ, sum, zero);
      k.storeScalar(
          arith::SelectOp::create(k.builder(), k.loc(), finite, one, zero),
          outputOf(k, allFinite.getOutput()), k.index(0));
    });
    return success();
  }
};

} // namespace

void segc::registerOptimizerCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::AdamOp::attachInterface<AdamKernel>(*context);
    seg::AllFiniteOp::attachInterface<AllFiniteKernel>(*context);
    seg::LookaheadOp::attachInterface<LookaheadKernel>(*context);
    seg::RmspropOp::attachInterface<RmspropKernel>(*context);
    seg::SgdOp::attachInterface<SgdKernel>(*context);
  });
}
