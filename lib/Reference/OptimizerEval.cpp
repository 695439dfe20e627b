//===- OptimizerEval.cpp - Optimizers -------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {
namespace {

double value(FloatAttr attr) { return attr.getValueAsDouble(); }

/// Returns the gradient of element i: unscaled, with weight decay.
double gradient(int64_t decayElements, Operands operands, double weightDecay,
                double lossScale, int64_t i) {
  double g = (*operands[1])[i] / lossScale;
  return i < decayElements ? g + weightDecay * (*operands[0])[i] : g;
}

/// Skips the update: result j is the operand that it would replace.
void keep(Operands operands, ArrayRef<int> replaced, Results results) {
  for (auto [result, operand] : llvm::zip_equal(results, replaced))
    for (int64_t i = 0; i < result.size(); ++i)
      result[i] = (*operands[operand])[i];
}

void allFinite(AllFiniteOp op, Operands operands, Results results) {
  const bool single = op.getInput().getType().getElementType().isF32();
  results[0][0] = llvm::all_of(operands[0]->values(), [&](double x) {
    if (op.getSquares())
      x = single ? double{static_cast<float>(x * x)} : x * x;
    return std::isfinite(x);
  });
}

void adam(AdamOp op, Operands operands, Results results) {
  const HostTensor &w = *operands[0], &m = *operands[2], &v = *operands[3];
  if ((*operands[4])[0] == 0)
    return keep(operands, {0, 2, 3}, results);
  double rate = (*operands[5])[0], weightDecay = (*operands[6])[0],
         lossScale = (*operands[7])[0];
  double t = operands[8]->integers()[0];
  double b1 = value(op.getBeta1Attr()), b2 = value(op.getBeta2Attr()),
         epsilon = value(op.getEpsilonAttr());
  double correction1 = 1 - std::pow(b1, t), correction2 = 1 - std::pow(b2, t);
  double rhoInf = 2 / (1 - b2) - 1;
  double rho = rhoInf - 2 * t * std::pow(b2, t) / correction2;
  for (int64_t i = 0; i < w.size(); ++i) {
    auto decayElements = static_cast<int64_t>(op.getDecayElements());
    bool decayed = i < decayElements;
    double g = gradient(decayElements, operands,
                        op.getDecoupled() ? 0 : weightDecay, lossScale, i);
    double start =
        op.getDecoupled() && decayed ? w[i] - rate * weightDecay * w[i] : w[i];
    double m1 = b1 * m[i] + (1 - b1) * g, v1 = b2 * v[i] + (1 - b2) * g * g;
    double update;
    if (!op.getRectified()) {
      update =
          std::sqrt(correction2) / correction1 * m1 / (std::sqrt(v1) + epsilon);
    } else if (rho > 5) {
      double r = std::sqrt((rho - 4) * (rho - 2) * rhoInf /
                           ((rhoInf - 4) * (rhoInf - 2) * rho));
      update = r * (m1 / correction1) / (std::sqrt(v1 / correction2) + epsilon);
    } else {
      update = m1 / correction1;
    }
    results[0][i] = start - rate * update;
    results[1][i] = m1;
    results[2][i] = v1;
  }
}

void rmsprop(RmspropOp op, Operands operands, Results results) {
  const HostTensor &w = *operands[0], &ms = *operands[2], &mg = *operands[3],
                   &mom = *operands[4];
  if ((*operands[5])[0] == 0)
    return keep(operands, {0, 2, 3, 4}, results);
  double rate = (*operands[6])[0], momentum = (*operands[7])[0];
  double weightDecay = (*operands[8])[0], lossScale = (*operands[9])[0];
  double d = value(op.getDecayAttr()), epsilon = value(op.getEpsilonAttr());
  for (int64_t i = 0; i < w.size(); ++i) {
    double g =
        gradient(op.getDecayElements(), operands, weightDecay, lossScale, i);
    double ms1 = d * ms[i] + (1 - d) * g * g, mg1 = d * mg[i] + (1 - d) * g;
    double mom1 =
        momentum * mom[i] + rate * g / std::sqrt(ms1 - mg1 * mg1 + epsilon);
    results[0][i] = w[i] - mom1;
    results[1][i] = ms1;
    results[2][i] = mg1;
    results[3][i] = mom1;
  }
}

void sgd(SgdOp op, Operands operands, Results results) {
  const HostTensor &w = *operands[0], &velocity = *operands[2];
  if ((*operands[3])[0] == 0)
    return keep(operands, {0, 2}, results);
  double rate = (*operands[4])[0], momentum = (*operands[5])[0];
  double weightDecay = (*operands[6])[0], lossScale = (*operands[7])[0];
  for (int64_t i = 0; i < w.size(); ++i) {
    double g =
        gradient(op.getDecayElements(), operands, weightDecay, lossScale, i);
    double v = momentum * velocity[i] + g;
    results[0][i] = w[i] - rate * (op.getNesterov() ? g + momentum * v : v);
    results[1][i] = v;
  }
}

void lookahead(LookaheadOp op, Operands operands, Results results) {
  const HostTensor &before = *operands[0], &w = *operands[1],
                   &slow = *operands[2];
  if ((*operands[3])[0] == 0)
    return keep(operands, {1, 2}, results);
  int64_t step = operands[4]->integers()[0];
  bool syncs = step % static_cast<int64_t>(op.getSync()) == 0;
  for (int64_t i = 0; i < w.size(); ++i) {
    double from = step == 1 ? before[i] : slow[i];
    double merged = from + value(op.getAlphaAttr()) * (w[i] - from);
    results[0][i] = syncs ? merged : w[i];
    results[1][i] = syncs ? merged : from;
  }
}

} // namespace

static void clipScale(ClipScaleOp op, Operands operands, Results results) {
  double squares = 0, lossScale = (*operands[1])[0];
  for (double g : operands[0]->values())
    squares += g * g;
  double norm = std::sqrt(squares) / lossScale;
  results[0][0] =
      lossScale *
      std::max(1.0, (norm + 1e-6) / op.getMaxNorm().convertToDouble());
}

void attachOptimizerModels(MLIRContext *context) {
  attach<AllFiniteOp, allFinite>(context);
  attach<ClipScaleOp, clipScale>(context);
  attach<AdamOp, adam>(context);
  attach<RmspropOp, rmsprop>(context);
  attach<SgdOp, sgd>(context);
  attach<LookaheadOp, lookahead>(context);
}

} // namespace segc::reference
