//===- NormOps.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Normalisation".

#include "KernelNumbers.h"
#include "segc/Dialect/Seg/IR/ContractedNorm.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace {

LogicalResult verifyPerChannel(Operation *op, RankedTensorType input,
                               ValueRange values) {
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != 1 || type.getDimSize(0) != channels(input)) // norm_c1
      return op->emitOpError("expects one value for each of the ")
             << channels(input) << " channels, got " << type;
  }
  return success();
}

LogicalResult verifyEpsilon(Operation *op, double epsilon) {
  if (!(epsilon >= 0)) // norm_c6
    return op->emitOpError("expects epsilon of at least 0, got ") << epsilon;
  if (!isFiniteF32(epsilon)) // norm_c6
    return op->emitOpError("expects a finite epsilon, got ")
           << epsilon << beyondF32(epsilon);
  return success();
}

/// Statistics are [C] for batch norm, [N, C] otherwise.
LogicalResult verifyStatistics(Operation *op, RankedTensorType input,
                               NormKind kind, int64_t groups, double epsilon,
                               ValueRange statistics) {
  if (input.getRank() < 3) // norm_c2
    return op->emitOpError("expects N, spatial dimensions and channels, got ")
           << input;
  Shape expected{channels(input)};
  if (kind != NormKind::batch)
    expected.insert(expected.begin(), input.getDimSize(0));
  for (Value value : statistics) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getShape() != ArrayRef<int64_t>(expected)) // norm_c3
      return op->emitOpError("expects statistics of shape ")
             << shapeText(expected) << ", got " << shapeText(type.getShape());
  }
  if (kind == NormKind::group &&
      (groups < 1 || channels(input) % groups)) // norm_c4
    return op->emitOpError("expects groups that divide ")
           << channels(input) << " channels, got " << groups;
  if (kind != NormKind::group && groups != 0) // norm_c5
    return op->emitOpError("expects groups for group norm only, got ")
           << groups;
  return verifyEpsilon(op, epsilon);
}

} // namespace

LogicalResult BatchNormOp::verify() {
  if (getInput().getType() != getOutput().getType()) // norm_c7
    return emitOpError("expects a result of the input's type, got ")
           << getOutput().getType();
  double momentum = getMomentum().convertToDouble();
  if (!(momentum >= 0 && momentum <= 1)) // batch_norm_c1
    return emitOpError("expects momentum in [0, 1], got ") << momentum;
  if (failed(verifyEpsilon(*this, getEpsilon().convertToDouble())))
    return failure();
  return verifyPerChannel(*this, getInput().getType(),
                          getOperands().drop_front());
}

LogicalResult BatchNormInferenceOp::verify() {
  if (getInput().getType() != getOutput().getType()) // norm_c7
    return emitOpError("expects a result of the input's type, got ")
           << getOutput().getType();
  if (failed(verifyEpsilon(*this, getEpsilon().convertToDouble())))
    return failure();
  return verifyPerChannel(*this, getInput().getType(),
                          getOperands().drop_front());
}

LogicalResult NormOp::verify() {
  if (getInput().getType() != getOutput().getType()) // norm_c7
    return emitOpError("expects a result of the input's type, got ")
           << getOutput().getType();
  if (failed(verifyPerChannel(*this, getInput().getType(),
                              {getGamma(), getBeta()})))
    return failure();
  return verifyStatistics(*this, getInput().getType(), getKind(), getGroups(),
                          getEpsilon().convertToDouble(),
                          {getMean(), getRstd()});
}

LogicalResult NormGradOp::verify() {
  if (getInput().getType() != getInputGrad().getType() ||
      getInput().getType() != getGrad().getType()) // norm_c7
    return emitOpError("expects gradients of the input's type ")
           << getInput().getType() << ", got " << getGrad().getType() << " and "
           << getInputGrad().getType();
  if (failed(verifyPerChannel(*this, getInput().getType(),
                              {getGamma(), getGammaGrad(), getBetaGrad()})))
    return failure();
  return verifyStatistics(*this, getInput().getType(), getKind(), getGroups(),
                          getEpsilon().convertToDouble(),
                          {getMean(), getRstd()});
}

LogicalResult NormStatsOp::verify() {
  return verifyStatistics(*this, getInput().getType(), getKind(), getGroups(),
                          getEpsilon().convertToDouble(), getResults());
}

Value NormGradStatsOp::getReduced() { return getGrad(); }

LogicalResult NormGradStatsOp::verify() {
  if (getInput().getType() != getGrad().getType()) // norm_c7
    return emitOpError("expects a gradient of the input's type ")
           << getInput().getType() << ", got " << getGrad().getType();
  if (failed(verifyPerChannel(*this, getInput().getType(),
                              {getGamma(), getGammaGrad(), getBetaGrad()})))
    return failure();
  return verifyStatistics(
      *this, getInput().getType(), getKind(), getGroups(),
      getEpsilon().convertToDouble(),
      {getMean(), getRstd(), getMeanGrad(), getMeanGradXhat()});
}

/// Ranks exchange statistics of batch norms alone: a kernel of these ops has
/// one task, whatever the number of samples.
static LogicalResult verifyOfRanks(Operation *op) {
  auto output = cast<RankedTensorType>(op->getResult(0).getType());
  if (output.getRank() != 1) // norm_c8
    return op->emitOpError("expects statistics of a batch norm, one value for "
                           "each channel, got ")
           << output;
  for (Value operand : op->getOperands())
    if (operand.getType() != output) // norm_c8
      return op->emitOpError("expects statistics of the result's type ")
             << output << ", got " << operand.getType();
  return success();
}

LogicalResult NormDeviationOp::verify() { return verifyOfRanks(*this); }

LogicalResult NormRstdOp::verify() { return verifyOfRanks(*this); }

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

Value BatchNormInferenceOp::emitPoint(OpBuilder &b, Location loc,
                                      ValueRange args, Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value rstd =
      m.div(m.constant(1), m.sqrt(m.add(args[4], m.constant(getEpsilon()))));
  return m.fma(m.mul(m.sub(args[0], args[3]), rstd), args[1], args[2]);
}

Value NormApplyOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                             Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.fma(m.mul(m.sub(args[0], args[1]), args[2]), args[3], args[4]);
}

Value segc::seg::emitContractedNorm(Operation *op, OpBuilder &b, Location loc,
                                    ValueRange args) {
  if (!isa<NormApplyOp>(op))
    return Value();
  PointwiseMath m(b, loc, args[0].getType());
  Value factor = m.mul(args[2], args[3]);
  return m.fma(args[0], factor, m.sub(args[4], m.mul(args[1], factor)));
}

Value NormGradApplyOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                 Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value xhat = m.mul(m.sub(args[0], args[3]), args[4]);
  Value centred = m.sub(m.mul(args[2], args[1]), args[5]);
  return m.mul(args[4], m.sub(centred, m.mul(xhat, args[6])));
}

Value NormDeviationOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                 Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value apart = m.sub(args[0], args[2]);
  return m.fma(apart, apart, m.div(m.constant(1), m.mul(args[1], args[1])));
}

Value NormRstdOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                            Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.div(m.constant(1), m.sqrt(args[0]));
}

/// Keeps the old statistics where the new ones are not finite: a step that
/// overflowed is skipped, but the running statistics are used by all later
/// steps.
static Value updateRunning(const PointwiseMath &m, Value running, Value value,
                           double momentum) {
  Value updated = m.add(m.mul(m.constant(momentum), running),
                        m.mul(m.constant(1 - momentum), value));
  // Only for a finite number is the product with 0 below 1; otherwise it is
  // NaN.
  Value finite = m.greater(m.constant(1), m.mul(updated, m.constant(0)));
  return m.select(finite, updated, running);
}

Value RunningMeanOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                               Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return updateRunning(m, args[0], args[1], getMomentum().convertToDouble());
}

Value RunningVarianceOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                   Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value variance = m.sub(m.div(m.constant(1), m.mul(args[1], args[1])),
                         m.constant(getEpsilon()));
  return updateRunning(m, args[0], variance, getMomentum().convertToDouble());
}
