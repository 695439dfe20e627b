//===- QuantizeOps.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Quantization".

#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "KernelNumbers.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;
using namespace segc::seg;

#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegQuantizeOps.cpp.inc"

static LogicalResult verifyScale(Operation *op, const APFloat &scale) {
  double value = scale.convertToDouble();
  if (isPositiveF32(value)) // quantize_c1
    return success();
  return op->emitOpError("expects a scale above 0, got ")
         << value << beyondF32(value);
}

LogicalResult QuantizeOp::verify() { return verifyScale(*this, getScale()); }

LogicalResult QuantizeFilterOp::verify() {
  RankedTensorType filter = getFilter().getType(),
                   scales = getScales().getType();
  if (filter.getShape() !=
      getQuantized().getType().getShape()) // quantize_filter_c1
    return emitOpError("expects whole numbers of the filter's shape, ")
           << shapeText(filter.getShape()) << ", got "
           << shapeText(getQuantized().getType().getShape());
  if (filter.getRank() < 1 || scales.getRank() != 1 ||
      scales.getDimSize(0) != channels(filter)) // quantize_filter_c2
    return emitOpError("expects a scale for each output channel of ")
           << filter << ", got " << scales;
  return success();
}

LogicalResult DequantizeOp::verify() {
  if (static_cast<bool>(getScales()) ==
      static_cast<bool>(getScaleAttr())) // dequantize_c1
    return emitOpError("expects either scale or scales, got ")
           << (getScales() ? "both" : "none");
  if (getScales()) {
    RankedTensorType scales = getScales().getType();
    if (scales.getRank() != 1 ||
        scales.getDimSize(0) != channels(getInput().getType())) // dequantize_c2
      return emitOpError("expects a scale for each channel of ")
             << getInput().getType() << ", got " << scales;
    return success();
  }
  return verifyScale(*this, getScaleAttr().getValue());
}

LogicalResult segc::seg::verifyQuantization(Operation *op,
                                            NamedAttribute attribute) {
  auto number = dyn_cast<FloatAttr>(attribute.getValue());
  double value = number ? number.getValueAsDouble() : -1;
  bool isScale = attribute.getName() == inputScaleAttrName;
  if (isScale ? isPositiveF32(value)
              : value >= 0 && isFiniteF32(value)) // quantization_c1
    return success();
  return op->emitOpError("expects ")
         << attribute.getName().strref() << " to be a number "
         << (isScale ? "above 0" : "of at least 0") << ", got "
         << attribute.getValue();
}

Value segc::seg::quantizedSource(Value operand) {
  auto dequantize = operand.getDefiningOp<DequantizeOp>();
  Operation *op = dequantize ? dequantize.getInput().getDefiningOp() : nullptr;
  return isa_and_present<QuantizeOp, QuantizeFilterOp>(op) ? op->getOperand(0)
                                                           : Value();
}

bool segc::seg::multipliesInt8(Operation *conv) {
  return isa<ConvOp, ConvTransposeOp>(conv) &&
         quantizedSource(conv->getOperand(0)) &&
         quantizedSource(conv->getOperand(1));
}

bool segc::seg::quantizesInput(Operation *conv) {
  return isa<ConvOp, ConvTransposeOp>(conv) &&
         quantizedSource(conv->getOperand(0)) &&
         !quantizedSource(conv->getOperand(1));
}

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

// Registers hold the whole numbers as f32, in which they are exact. At 1.5 *
// 2^23 the last place of an f32 is 1, so adding that rounds.
Value QuantizeOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                            Value) {
  PointwiseMath m(b, loc, args[0].getType());
  double scale = getScale().convertToDouble();
  Value clamped =
      m.max(m.min(args[0], m.constant(127 * scale)), m.constant(-127 * scale));
  Value unit = m.constant(0x1.8p23);
  return m.sub(m.fma(clamped, m.constant(1 / scale), unit), unit);
}

Value DequantizeOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                              Value) {
  PointwiseMath m(b, loc, args[0].getType());
  return m.mul(args[0], getScales()
                            ? args[1]
                            : m.constant(getScaleAttr().getValueAsDouble()));
}
