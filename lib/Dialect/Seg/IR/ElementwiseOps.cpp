//===- ElementwiseOps.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Elementwise".

#include "KernelNumbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/DataPipeline.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult segc::seg::detail::verifyPointwise(Operation *op) {
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  bool sameShape = false;
  for (Value operand : op->getOperands()) {
    auto type = cast<RankedTensorType>(operand.getType());
    Broadcast kind = classifyBroadcast(type, result);
    sameShape |= kind == Broadcast::None;
    if (kind == Broadcast::Invalid) // pointwise_c1
      return op->emitOpError("expects operands that broadcast to ")
             << shapeText(result.getShape()) << ", got "
             << shapeText(type.getShape());
  }
  if (!sameShape) // pointwise_c1
    return op->emitOpError("expects an operand of the result's shape ")
           << shapeText(result.getShape());
  // Kernels compute with the float attributes of every pointwise op.
  for (NamedAttribute attribute : op->getAttrs())
    if (auto number = dyn_cast<FloatAttr>(attribute.getValue());
        number && !isFiniteF32(number.getValueAsDouble())) // pointwise_c2
      return op->emitOpError("expects a finite ")
             << attribute.getName().strref() << ", got "
             << number.getValueAsDouble()
             << beyondF32(number.getValueAsDouble());
  return success();
}

LogicalResult ScaleOp::verify() {
  double factor = getFactor().convertToDouble();
  if (!isFiniteF32(factor)) // scale_c1
    return emitOpError("expects a finite factor, got ")
           << factor << beyondF32(factor);
  return success();
}

LogicalResult LeakyReluOp::verify() {
  double slope = getSlope().convertToDouble();
  if (!isFiniteF32(slope)) // leaky_relu_c1
    return emitOpError("expects a finite slope, got ")
           << slope << beyondF32(slope);
  if (!isPositiveF32(slope)) // leaky_relu_c1
    return emitOpError("expects a slope above 0 (the gradient reads the sign "
                       "of the output), got ")
           << slope << beyondF32(slope);
  return success();
}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1)) // dropout_c1
    return emitOpError("expects a rate in [0, 1), got ") << rate;
  return success();
}

LogicalResult ChannelTotalOp::verify() {
  auto in = getInput().getType(), out = getOutput().getType();
  if (in.getRank() < 2 ||
      out != activationType(in, spatialDims(in), 1)) // channel_total_c1
    return emitOpError("expects a result of ")
           << shapeText(positionDims(in)) << " positions and 1 channel, got "
           << shapeText(out.getShape());
  return success();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getOutput().getType() ? getInput() : Value();
}

Value segc::seg::storedValue(Value value) {
  auto cast = value.getDefiningOp<CastOp>();
  return cast && cast.widens() ? cast.getInput() : value;
}

bool CastOp::widens() {
  return getInput().getType().getElementTypeBitWidth() <
         getOutput().getType().getElementTypeBitWidth();
}

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

LogicalResult TopKMeanOp::verify() {
  double percent = getPercent().convertToDouble();
  if (!(percent > 0 && percent <= 100)) // top_k_mean_c1
    return emitOpError("expects a percentage above 0, to 100, got ")
           << numberText(percent);
  if (getInput().getType().getRank() < 3) // top_k_mean_c2
    return emitOpError("expects an activation of rank 3 or more, got ")
           << getInput().getType();
  return success();
}

// Kernels widen 16-bit values when they load them, so only the rounding of a
// cast to 16 bits is emitted here.
Value CastOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  return narrowFloat(b, loc, args[0],
                     storageType(getOutput().getType().getElementType()));
}

Value TopKMeanGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value input = args[0], threshold = args[1];
  // Below the threshold, or no number: neither is greater.
  Value share = m.select(m.greater(threshold, input), m.constant(0), args[3]);
  share = m.select(m.greater(input, threshold), args[2], share);
  return m.mul(share, args[4]);
}

Value ReluOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.max(args[0], m.constant(0));
}
Value LeakyReluOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                             Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value scaled = m.mul(args[0], m.constant(getSlope()));
  // With a slope of at most 1 it is the maximum, one instruction of most
  // processors; of a NaN both are NaN.
  Value positive = getSlope().convertToDouble() <= 1
                       ? m.greater(args[0], scaled)
                       : m.greater(args[0], m.constant(0));
  return m.select(positive, args[0], scaled);
}
Value SigmoidOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.div(m.constant(1),
               m.add(m.constant(1), m.exp(m.sub(m.constant(0), args[0]))));
}
Value ScaleOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.mul(args[0], m.constant(getFactor()));
}
Value AddOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  return PointwiseMath(b, loc, args[0].getType()).add(args[0], args[1]);
}
Value SubOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  return PointwiseMath(b, loc, args[0].getType()).sub(args[0], args[1]);
}
Value MulOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  return PointwiseMath(b, loc, args[0].getType()).mul(args[0], args[1]);
}
Value PReluOp::emitPoint(OpBuilder &b, Location loc, ValueRange args, Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.select(m.greater(args[0], m.constant(0)), args[0],
                  m.mul(args[0], args[1]));
}
Value ReluGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                            Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.select(m.greater(args[0], m.constant(0)), args[1], m.constant(0));
}
Value LeakyReluGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                 Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.select(m.greater(args[0], m.constant(0)), args[1],
                  m.mul(args[1], m.constant(getSlope())));
}
Value SigmoidGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                               Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.mul(args[1], m.mul(args[0], m.sub(m.constant(1), args[0])));
}
Value PReluGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                             Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.select(m.greater(args[0], m.constant(0)), args[2],
                  m.mul(args[2], args[1]));
}
Value PReluSlopeGradOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                  Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.select(m.greater(args[0], m.constant(0)), m.constant(0),
                  m.mul(args[0], args[1]));
}

Value DropoutOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                           Value index) {
  // args[1..3] are the i64 scalars seed, step and sample offset.
  PointwiseMath m(b, loc, args[0].getType());
  Type i64 = b.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  };
  auto type = cast<RankedTensorType>(getInput().getType());
  Value perSample = constant(type.getNumElements() / type.getDimSize(0));
  Value element = arith::AddIOp::create(
      b, loc, arith::IndexCastOp::create(b, loc, i64, index),
      arith::MulIOp::create(b, loc, args[3], perSample));
  // The step is the high half of the stream's number and the op the low half,
  // so that no two streams are the same.
  Value stream = arith::AddIOp::create(
      b, loc, arith::ShLIOp::create(b, loc, args[2], constant(32)),
      constant(getId()));
  double rate = getRate().convertToDouble();
  Value draw = m.uniform(element, stream, args[1]);
  Value kept = m.mul(args[0], m.constant(1 / (1 - rate)));
  return m.select(m.greater(m.constant(rate), draw), m.constant(0), kept);
}
