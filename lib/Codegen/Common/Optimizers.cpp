//===- Optimizers.cpp - Updates of parameters -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Updates of flat parameters and states. The gradient is divided by the loss
// scale first, and weight decay is added to its first elements.

#include "segc/Codegen/Common/Formulas.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace segc;

namespace {

/// The first step values of every optimizer, which the gradient needs.
enum GradientValue { inverseScale, decay, gradientValues };

/// The step values that follow them in optimizers with momentum.
enum MomentumValue { rate = gradientValues, momentum };

} // namespace

template <typename OpTy>
static SmallVector<Value> emitGradientValues(UpdateBody &body, OpTy op) {
  seg::PointwiseMath m = doubles(body.k);
  Value inverse =
      body.broadcast(m.div(m.constant(1), body.loadDouble(op.getLossScale())));
  return {inverse, body.broadcast(body.load(op.getWeightDecay()))};
}

template <typename OpTy>
static SmallVector<Value> emitMomentumValues(UpdateBody &body, OpTy op) {
  SmallVector<Value> values = emitGradientValues(body, op);
  values.push_back(body.broadcast(body.load(op.getLearningRate())));
  values.push_back(body.broadcast(body.load(op.getMomentum())));
  return values;
}

/// Emits value + factor * w for the elements w of the parameters that decay,
/// `value` for the others.
template <typename OpTy>
static Value emitDecay(UpdateBody &body, OpTy op, Value index, Value w,
                       Value factor, Value value) {
  seg::PointwiseMath m = body.elements();
  auto decayElements = static_cast<int64_t>(op.getDecayElements());
  if (decayElements == 0)
    return value;
  Value decayed = m.fma(factor, w, value);
  if (decayElements == op.getParams().getType().getNumElements())
    return decayed;
  return m.select(body.isBefore(index, decayElements), decayed, value);
}

/// Emits the gradient for the elements w of the parameters and g of the
/// gradients: unscaled, with weight decay.
template <typename OpTy>
static Value emitGradient(UpdateBody &body, OpTy op, Value index, Value w,
                          Value g, ArrayRef<Value> step) {
  Value scaled = body.elements().mul(g, step[inverseScale]);
  return emitDecay(body, op, index, w, step[decay], scaled);
}

namespace {

//===----------------------------------------------------------------------===//
// adam
//===----------------------------------------------------------------------===//

/// The update is factor * m1 / (sqrt(v1 * inner) + epsilon), or factor * m1
/// where `adaptive` is off.
struct AdamFormula
    : OptimizerUpdateOpInterface::ExternalModel<AdamFormula, seg::AdamOp> {
  enum StepValue { factor = gradientValues, innerFactor, adaptive };

  /// The factor of w that decoupled weight decay adds to w.
  static Value emitDecoupledDecay(seg::AdamOp adam, UpdateBody &body) {
    seg::PointwiseMath m = doubles(body.k);
    Value shrink = m.mul(body.loadDouble(adam.getLearningRate()),
                         body.loadDouble(adam.getWeightDecay()));
    return body.broadcast(m.sub(m.constant(0), shrink));
  }

  SmallVector<Value> emitStepValues(Operation *op, UpdateBody &body) const {
    auto adam = cast<seg::AdamOp>(op);
    double beta1 = adam.getBeta1().convertToDouble(),
           beta2 = adam.getBeta2().convertToDouble();
    SmallVector<Value> values = emitGradientValues(body, adam);
    seg::PointwiseMath m = doubles(body.k);
    Value step = body.load(adam.getStep()),
          rate = body.loadDouble(adam.getLearningRate());
    Value power2 = body.power(beta2, step);
    Value correction1 = m.sub(m.constant(1), body.power(beta1, step)),
          correction2 = m.sub(m.constant(1), power2);
    Value plain = m.div(rate, correction1);
    if (adam.getDecoupled())
      values[decay] = emitDecoupledDecay(adam, body);
    if (!adam.getRectified()) {
      values.push_back(body.broadcast(m.mul(plain, m.sqrt(correction2))));
      return values;
    }
    double rhoInf = 2 / (1 - beta2) - 1;
    Value steps = arith::SIToFPOp::create(body.k.builder(), body.k.loc(),
                                          body.k.builder().getF64Type(), step);
    Value rho =
        m.sub(m.constant(rhoInf),
              m.div(m.mul(m.mul(m.constant(2), steps), power2), correction2));
    Value isAdaptive = m.greater(rho, m.constant(5));
    Value above =
        m.mul(m.mul(m.sub(rho, m.constant(4)), m.sub(rho, m.constant(2))),
              m.constant(rhoInf));
    Value r = m.sqrt(
        m.div(above, m.mul(rho, m.constant((rhoInf - 4) * (rhoInf - 2)))));
    values.push_back(
        body.broadcast(m.select(isAdaptive, m.mul(plain, r), plain)));
    values.push_back(body.broadcast(m.div(m.constant(1), correction2)));
    values.push_back(body.broadcast(isAdaptive));
    return values;
  }

  SmallVector<Value> emitUpdate(Operation *op, UpdateBody &body, Value index,
                                ArrayRef<Value> elements,
                                ArrayRef<Value> step) const {
    auto adam = cast<seg::AdamOp>(op);
    double beta1 = adam.getBeta1().convertToDouble(),
           beta2 = adam.getBeta2().convertToDouble();
    seg::PointwiseMath m = body.elements();
    Value w = elements[0], g, start = w;
    if (adam.getDecoupled()) {
      g = m.mul(elements[1], step[inverseScale]);
      start = emitDecay(body, adam, index, w, step[decay], w);
    } else {
      g = emitGradient(body, adam, index, w, elements[1], step);
    }
    Value m1 =
        m.fma(m.constant(beta1), elements[2], m.mul(m.constant(1 - beta1), g));
    Value v1 = m.fma(m.constant(beta2), elements[3],
                     m.mul(m.mul(m.constant(1 - beta2), g), g));
    Value inner = adam.getRectified() ? m.mul(v1, step[innerFactor]) : v1;
    Value divisor = m.add(m.sqrt(inner), m.constant(adam.getEpsilon()));
    if (adam.getRectified())
      divisor = m.select(step[adaptive], divisor, m.constant(1));
    return {m.sub(start, m.div(m.mul(step[factor], m1), divisor)), m1, v1};
  }
};

//===----------------------------------------------------------------------===//
// rmsprop
//===----------------------------------------------------------------------===//

struct RmspropFormula
    : OptimizerUpdateOpInterface::ExternalModel<RmspropFormula,
                                                seg::RmspropOp> {
  SmallVector<Value> emitStepValues(Operation *op, UpdateBody &body) const {
    return emitMomentumValues(body, cast<seg::RmspropOp>(op));
  }

  SmallVector<Value> emitUpdate(Operation *op, UpdateBody &body, Value index,
                                ArrayRef<Value> elements,
                                ArrayRef<Value> step) const {
    auto rmsprop = cast<seg::RmspropOp>(op);
    double decay = rmsprop.getDecay().convertToDouble();
    seg::PointwiseMath m = body.elements();
    Value w = elements[0],
          g = emitGradient(body, rmsprop, index, w, elements[1], step);
    Value square = m.fma(m.constant(decay), elements[2],
                         m.mul(m.mul(m.constant(1 - decay), g), g));
    Value mean =
        m.fma(m.constant(decay), elements[3], m.mul(m.constant(1 - decay), g));
    // Rounding must not make a variance negative.
    Value variance = m.max(m.sub(square, m.mul(mean, mean)), m.constant(0));
    Value update =
        m.div(m.mul(step[rate], g),
              m.sqrt(m.add(variance, m.constant(rmsprop.getEpsilon()))));
    Value buffer = m.fma(step[momentum], elements[4], update);
    return {m.sub(w, buffer), square, mean, buffer};
  }
};

//===----------------------------------------------------------------------===//
// sgd
//===----------------------------------------------------------------------===//

struct SgdFormula
    : OptimizerUpdateOpInterface::ExternalModel<SgdFormula, seg::SgdOp> {
  SmallVector<Value> emitStepValues(Operation *op, UpdateBody &body) const {
    return emitMomentumValues(body, cast<seg::SgdOp>(op));
  }

  SmallVector<Value> emitUpdate(Operation *op, UpdateBody &body, Value index,
                                ArrayRef<Value> elements,
                                ArrayRef<Value> step) const {
    auto sgd = cast<seg::SgdOp>(op);
    seg::PointwiseMath m = body.elements();
    Value w = elements[0],
          g = emitGradient(body, sgd, index, w, elements[1], step);
    Value velocity = m.fma(step[momentum], elements[2], g);
    Value direction =
        sgd.getNesterov() ? m.fma(step[momentum], velocity, g) : velocity;
    return {m.sub(w, m.mul(step[rate], direction)), velocity};
  }
};

//===----------------------------------------------------------------------===//
// lookahead
//===----------------------------------------------------------------------===//

struct LookaheadFormula
    : OptimizerUpdateOpInterface::ExternalModel<LookaheadFormula,
                                                seg::LookaheadOp> {
  enum StepValue { isFirst, isSync };

  SmallVector<Value> getReplacedOperands(Operation *op) const {
    auto lookahead = cast<seg::LookaheadOp>(op);
    return {lookahead.getParams(), lookahead.getSlow()};
  }

  SmallVector<Value> emitStepValues(Operation *op, UpdateBody &body) const {
    auto lookahead = cast<seg::LookaheadOp>(op);
    OpBuilder &b = body.k.builder();
    Location loc = body.k.loc();
    auto constant = [&](int64_t v) -> Value {
      return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(v));
    };
    auto equals = [&](Value v, int64_t wanted) -> Value {
      Value equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v,
                                          constant(wanted));
      return body.broadcast(equal);
    };
    Value step = body.load(lookahead.getStep());
    Value phase =
        arith::RemUIOp::create(b, loc, step, constant(lookahead.getSync()));
    return {equals(step, 1), equals(phase, 0)};
  }

  SmallVector<Value> emitUpdate(Operation *op, UpdateBody &body, Value,
                                ArrayRef<Value> elements,
                                ArrayRef<Value> step) const {
    auto lookahead = cast<seg::LookaheadOp>(op);
    seg::PointwiseMath m = body.elements();
    Value w = elements[1],
          from = m.select(step[isFirst], elements[0], elements[2]);
    Value merged =
        m.fma(m.constant(lookahead.getAlpha()), m.sub(w, from), from);
    return {m.select(step[isSync], merged, w),
            m.select(step[isSync], merged, from)};
  }
};

} // namespace

void segc::emitUpdatedVector(UpdateBody &body,
                             OptimizerUpdateOpInterface update, Value index,
                             int64_t lanes, Value mask, Value finite,
                             ArrayRef<Value> stepValues) {
  KernelBody &k = body.k;
  SmallVector<Value> elements;
  DenseMap<Value, Value> loaded;
  for (Value operand : update->getOperands()) {
    if (cast<RankedTensorType>(operand.getType()).getRank() == 0)
      continue;
    Value &vector = loaded[operand];
    if (!vector)
      vector = k.load(inputOf(k, operand), index, lanes, mask);
    elements.push_back(vector);
  }
  for (auto [result, old, value] :
       llvm::zip_equal(update->getResults(), update.getReplacedOperands(),
                       update.emitUpdate(body, index, elements, stepValues)))
    if (Value memref = outputOf(k, result))
      k.store(body.elements().select(finite, value, loaded.lookup(old)), memref,
              index, mask);
}

void segc::attachOptimizerFormulas(MLIRContext *context) {
  seg::AdamOp::attachInterface<AdamFormula>(*context);
  seg::LookaheadOp::attachInterface<LookaheadFormula>(*context);
  seg::RmspropOp::attachInterface<RmspropFormula>(*context);
  seg::SgdOp::attachInterface<SgdFormula>(*context);
}
