//===- OptimizerKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Optimizers are one pass over the flat parameter buffer. Their results
// usually lie where their operands do: every element is read before it is
// written. What depends on the step alone is computed once a task, in f64.

#include "KernelHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using segc::seg::PointwiseMath;

namespace segc {

namespace {

using Values = SmallVector<Value>;

int64_t flatSize(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }
int64_t flatTiles(Value tensor) { return llvm::divideCeilSigned(flatSize(tensor), taskElements); }

Value scalarOf(KernelBody &k, Value operand) { return k.loadScalar(inputOf(k, operand), k.index(0)); }

/// base^exponent for an i64 exponent >= 0, in f64.
Value power(KernelBody &k, double base, Value exponent) {
  OpBuilder &b = k.builder();
  Type i64 = b.getI64Type();
  Value one = arith::ConstantOp::create(b, k.loc(), b.getIntegerAttr(i64, 1));
  Value zero = arith::ConstantOp::create(b, k.loc(), b.getIntegerAttr(i64, 0));
  // By squaring: 40 bits of steps are more than anybody trains.
  Values init = {doubleConstant(k, 1), doubleConstant(k, base), exponent};
  return k.loop(k.index(0), k.index(40), 1, init, [&](Value, ValueRange carried) {
    Value odd = arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ne,
                                      arith::AndIOp::create(b, k.loc(), carried[2], one), zero);
    Value product = arith::MulFOp::create(b, k.loc(), carried[0], carried[1]);
    return Values{arith::SelectOp::create(b, k.loc(), odd, product, carried[0]),
                  arith::MulFOp::create(b, k.loc(), carried[1], carried[1]),
                  arith::ShRUIOp::create(b, k.loc(), carried[2], one)};
  })[0];
}

/// A flat update: `tensors` (parameters first) become `results`.
struct FlatUpdate {
  ValueRange tensors, results;
  Value grads, finite, weightDecay, lossScale; ///< grads null: the body needs none.
  int64_t decayElements = 0;
};

/// Splats of what the body needs from the step's scalars.
using Prologue = llvm::function_ref<Values(KernelBody &)>;
/// New values from old ones, the gradient and the prologue's.
using Body = llvm::function_ref<Values(PointwiseMath &, ValueRange old, Value grad, ValueRange hoisted)>;

void emitFlatUpdate(FusionEmitter &emitter, const FlatUpdate &update, Prologue prologue, Body body) {
  int64_t lanes = emitter.getTarget().lanes, size = flatSize(update.tensors.front());
  emitter.launch({flatTiles(update.tensors.front()), 0}, 0, [&](KernelBody &k) {
    OpBuilder &b = k.builder();
    PointwiseMath m(b, k.loc(), k.vectorType(lanes));
    Tile tile = sampleTile(k, size, taskElements);
    auto loadAll = [&](Value index, Value mask) {
      Values old;
      for (Value tensor : update.tensors)
        old.push_back(k.load(inputOf(k, tensor), index, lanes, mask));
      return old;
    };
    auto storeAll = [&](ValueRange values, Value index, Value mask) {
      for (auto [value, result] : llvm::zip_equal(values, update.results))
        k.store(value, outputOf(k, result), index, mask);
    };
    Value finite = arith::CmpFOp::create(b, k.loc(), arith::CmpFPredicate::ONE, scalarOf(k, update.finite), k.scalarConstant(0));
    k.ifThen(finite, [&] {
      Values hoisted = prologue(k);
      Value decay, inverseScale;
      if (update.grads) {
        decay = k.splat(scalarOf(k, update.weightDecay), lanes);
        Value scale = toDouble(k, scalarOf(k, update.lossScale));
        inverseScale = k.splat(toFloat(k, arith::DivFOp::create(b, k.loc(), doubleConstant(k, 1), scale)), lanes);
      }
      forVectors(k, tile.begin, tile.end, lanes, 2, [&](Value index, Value mask) {
        Values old = loadAll(index, mask);
        Value grad;
        if (update.grads) {
          Value decayed = k.prefixMask(k.sub(k.index(update.decayElements), index), lanes);
          Value penalty = m.select(decayed, m.mul(decay, old.front()), m.constant(0));
          grad = m.fma(k.load(inputOf(k, update.grads), index, lanes, mask), inverseScale, penalty);
        }
        storeAll(body(m, old, grad, hoisted), index, mask);
      });
    });
    Value skipped = arith::XOrIOp::create(b, k.loc(), finite, arith::ConstantOp::create(b, k.loc(), b.getBoolAttr(true)));
    k.ifThen(skipped, [&] {
      forVectors(k, tile.begin, tile.end, lanes, 2,
                 [&](Value index, Value mask) { storeAll(loadAll(index, mask), index, mask); });
    });
  });
}

//===----------------------------------------------------------------------===//
// Each optimizer
//===----------------------------------------------------------------------===//

void emit(seg::AdamOp op, FusionEmitter &emitter) {
  int64_t lanes = emitter.getTarget().lanes;
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  Values tensors = {op.getParams(), op.getFirstMoment(), op.getSecondMoment()};
  FlatUpdate update{tensors, op.getResults(), op.getGrads(), op.getFinite(), op.getWeightDecay(), op.getLossScale(),
                    static_cast<int64_t>(op.getDecayElements())};
  // step size, factor of the second moment, and whether to divide by it.
  auto prologue = [&](KernelBody &k) -> Values {
    OpBuilder &b = k.builder();
    PointwiseMath d(b, k.loc(), b.getF64Type());
    Value t = scalarOf(k, op.getStep()), one = d.constant(1);
    Value power2 = power(k, beta2, t);
    Value left1 = d.sub(one, power(k, beta1, t)), left2 = d.sub(one, power2);
    Value rate = d.div(toDouble(k, scalarOf(k, op.getLearningRate())), left1);
    if (!op.getRectified())
      return {k.splat(toFloat(k, d.mul(rate, d.sqrt(left2))), lanes)};
    Value steps = arith::SIToFPOp::create(b, k.loc(), b.getF64Type(), t);
    double limit = 2 / (1 - beta2) - 1;
    Value rho = d.sub(d.constant(limit), d.div(d.mul(d.mul(d.constant(2), steps), power2), left2));
    Value ratio = d.div(d.mul(d.mul(d.sub(rho, d.constant(4)), d.sub(rho, d.constant(2))), d.constant(limit)),
                        d.mul(d.constant((limit - 4) * (limit - 2)), rho));
    Value adaptive = d.greater(rho, d.constant(5));
    Value size = d.select(adaptive, d.mul(rate, d.sqrt(d.max(ratio, d.constant(0)))), rate);
    Value flag = d.select(adaptive, one, d.constant(0));
    return {k.splat(toFloat(k, size), lanes), k.splat(toFloat(k, d.div(one, left2)), lanes),
            k.splat(toFloat(k, flag), lanes)};
  };
  emitFlatUpdate(emitter, update, prologue, [&](PointwiseMath &m, ValueRange old, Value g, ValueRange hoisted) -> Values {
    Value first = m.fma(m.constant(beta1), old[1], m.mul(m.constant(1 - beta1), g));
    Value second = m.fma(m.constant(beta2), old[2], m.mul(m.constant(1 - beta2), m.mul(g, g)));
    Value scaled = op.getRectified() ? m.mul(second, hoisted[1]) : second;
    Value divisor = m.add(m.sqrt(scaled), m.constant(op.getEpsilon()));
    if (op.getRectified())
      divisor = m.select(m.greater(hoisted[2], m.constant(0)), divisor, m.constant(1));
    return {m.sub(old[0], m.mul(hoisted[0], m.div(first, divisor))), first, second};
  });
}

void emit(seg::RmspropOp op, FusionEmitter &emitter) {
  int64_t lanes = emitter.getTarget().lanes;
  double decay = op.getDecay().convertToDouble();
  Values tensors = {op.getParams(), op.getMeanSquare(), op.getMeanGradient(), op.getMomentumBuffer()};
  FlatUpdate update{tensors, op.getResults(), op.getGrads(), op.getFinite(), op.getWeightDecay(), op.getLossScale(),
                    static_cast<int64_t>(op.getDecayElements())};
  auto prologue = [&](KernelBody &k) -> Values {
    return {k.splat(scalarOf(k, op.getLearningRate()), lanes), k.splat(scalarOf(k, op.getMomentum()), lanes)};
  };
  emitFlatUpdate(emitter, update, prologue, [&](PointwiseMath &m, ValueRange old, Value g, ValueRange hoisted) -> Values {
    Value square = m.fma(m.constant(decay), old[1], m.mul(m.constant(1 - decay), m.mul(g, g)));
    Value mean = m.fma(m.constant(decay), old[2], m.mul(m.constant(1 - decay), g));
    Value variance = m.add(m.sub(square, m.mul(mean, mean)), m.constant(op.getEpsilon()));
    Value step = m.div(m.mul(hoisted[0], g), m.sqrt(variance));
    Value buffer = m.fma(hoisted[1], old[3], step);
    return {m.sub(old[0], buffer), square, mean, buffer};
  });
}

void emit(seg::SgdOp op, FusionEmitter &emitter) {
  int64_t lanes = emitter.getTarget().lanes;
  Values tensors = {op.getParams(), op.getVelocity()};
  FlatUpdate update{tensors, op.getResults(), op.getGrads(), op.getFinite(), op.getWeightDecay(), op.getLossScale(),
                    static_cast<int64_t>(op.getDecayElements())};
  auto prologue = [&](KernelBody &k) -> Values {
    return {k.splat(scalarOf(k, op.getLearningRate()), lanes), k.splat(scalarOf(k, op.getMomentum()), lanes)};
  };
  emitFlatUpdate(emitter, update, prologue, [&](PointwiseMath &m, ValueRange old, Value g, ValueRange hoisted) -> Values {
    Value velocity = m.fma(hoisted[1], old[1], g);
    Value step = op.getNesterov() ? m.fma(hoisted[1], velocity, g) : velocity;
    return {m.sub(old[0], m.mul(hoisted[0], step)), velocity};
  });
}

void emit(seg::LookaheadOp op, FusionEmitter &emitter) {
  int64_t lanes = emitter.getTarget().lanes;
  Values tensors = {op.getParams(), op.getSlow(), op.getOldParams()};
  Values outputs = {op.getNewParams(), op.getNewSlow()};
  int64_t size = flatSize(op.getParams());
  emitter.launch({flatTiles(op.getParams()), 0}, 0, [&](KernelBody &k) {
    OpBuilder &b = k.builder();
    PointwiseMath m(b, k.loc(), k.vectorType(lanes));
    Type i64 = b.getI64Type();
    auto constant = [&](int64_t v) -> Value { return arith::ConstantOp::create(b, k.loc(), b.getIntegerAttr(i64, v)); };
    auto equal = [&](Value x, int64_t v) -> Value {
      return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq, x, constant(v));
    };
    Value t = scalarOf(k, op.getStep());
    Value isFirst = equal(t, 1);
    Value due = equal(arith::RemSIOp::create(b, k.loc(), t, constant(op.getSync())), 0);
    Value finite = arith::CmpFOp::create(b, k.loc(), arith::CmpFPredicate::ONE, scalarOf(k, op.getFinite()), k.scalarConstant(0));
    Value syncing = arith::AndIOp::create(b, k.loc(), due, finite);
    Tile tile = sampleTile(k, size, taskElements);
    forVectors(k, tile.begin, tile.end, lanes, 2, [&](Value index, Value mask) {
      Value params = k.load(inputOf(k, tensors[0]), index, lanes, mask);
      Value slow = k.load(inputOf(k, tensors[1]), index, lanes, mask);
      Value start = k.load(inputOf(k, tensors[2]), index, lanes, mask);
      slow = arith::SelectOp::create(b, k.loc(), isFirst, start, slow);
      Value merged = m.fma(m.constant(op.getAlpha()), m.sub(params, slow), slow);
      k.store(arith::SelectOp::create(b, k.loc(), syncing, merged, params), outputOf(k, outputs[0]), index, mask);
      k.store(arith::SelectOp::create(b, k.loc(), syncing, merged, slow), outputOf(k, outputs[1]), index, mask);
    });
  });
}

void emit(seg::AllFiniteOp op, FusionEmitter &emitter) {
  int64_t lanes = emitter.getTarget().lanes, size = flatSize(op.getInput()), tiles = flatTiles(op.getInput());
  // x * 0 is 0 for finite x and NaN otherwise; sums keep a NaN.
  emitter.launch({tiles, 0}, 0, [&](KernelBody &k) {
    PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
    Tile tile = sampleTile(k, size, taskElements);
    Value input = inputOf(k, op.getInput()), zero = m.constant(0);
    Value full = k.sub(tile.end, k.rem(k.sub(tile.end, tile.begin), lanes));
    Values sum = k.loop(tile.begin, full, lanes, ValueRange{zero}, [&](Value index, ValueRange carried) {
      return Values{m.fma(k.load(input, index, lanes), zero, carried[0])};
    });
    Value rest = k.load(input, full, lanes, k.prefixMask(k.sub(tile.end, full), lanes));
    k.storeScalar(sumLanes(k, m.fma(rest, zero, sum[0])), k.temp(), k.task());
  });
  emitter.launch({1, 0}, 0, [&](KernelBody &k) {
    PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
    Values sum = k.loop(k.index(0), k.index(tiles), 1, ValueRange{k.scalarConstant(0)}, [&](Value index, ValueRange carried) {
      return Values{m.add(carried[0], k.loadScalar(k.temp(), index))};
    });
    Value clean = arith::CmpFOp::create(k.builder(), k.loc(), arith::CmpFPredicate::OEQ, sum[0], k.scalarConstant(0));
    k.storeScalar(m.select(clean, k.scalarConstant(1), k.scalarConstant(0)), outputOf(k, op.getOutput()), k.index(0));
  });
}

template <typename Op>
struct OptimizerKernel : CpuKernelOpInterface::ExternalModel<OptimizerKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp, const CpuTarget &) const {
    // all_finite keeps one partial result a tile.
    int64_t temp = isa<seg::AllFiniteOp>(op) ? llvm::alignTo(4 * flatTiles(op->getOperand(0)), 64) : 0;
    return plainStrategy(op, "flat", temp);
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    emit(cast<Op>(op), emitter);
    return success();
  }
};

} // namespace

void registerOptimizerCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::AdamOp::attachInterface<OptimizerKernel<seg::AdamOp>>(*context);
    seg::RmspropOp::attachInterface<OptimizerKernel<seg::RmspropOp>>(*context);
    seg::SgdOp::attachInterface<OptimizerKernel<seg::SgdOp>>(*context);
    seg::LookaheadOp::attachInterface<OptimizerKernel<seg::LookaheadOp>>(*context);
    seg::AllFiniteOp::attachInterface<OptimizerKernel<seg::AllFiniteOp>>(*context);
  });
}

} // namespace segc
