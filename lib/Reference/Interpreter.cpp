//===- Interpreter.cpp - Evaluation of functions --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentEval.h"
#include "ReferenceModels.h"
#include "segc/Reference/Reference.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"

#include "segc/Reference/ReferenceInterface.cpp.inc"

using namespace mlir;

namespace segc::reference {
namespace {

using Environment = llvm::DenseMap<Value, HostTensor>;

FailureOr<HostTensor> zerosLike(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<ElementKind> kind;
  if (tensor && tensor.hasStaticShape() && tensor.getNumElements() > 0)
    kind = elementKind(tensor.getElementType());
  if (!kind)
    return op->emitOpError("has no reference evaluation for values of type ")
           << type
           << ": expects a tensor of known size, not empty, of i8, f16, bf16, "
              "f32, "
              "f64, i32 or i64";
  return HostTensor(tensor.getShape(), *kind);
}

FailureOr<HostTensor> constantTensor(Operation *op, DenseElementsAttr attr) {
  FailureOr<HostTensor> result = zerosLike(op, attr.getType());
  if (failed(result))
    return failure();
  if (isFloat(result->kind()))
    for (auto [slot, value] :
         llvm::zip_equal(result->values(), attr.getValues<APFloat>()))
      slot = value.convertToDouble();
  else
    for (auto [slot, value] :
         llvm::zip_equal(result->integers(), attr.getValues<APInt>()))
      slot = value.getSExtValue();
  return result;
}

/// Evaluates a block whose arguments are set, and returns the operands of its
/// terminator.
FailureOr<std::vector<HostTensor>> runBlock(Block &block, Environment &values,
                                            Precision precision) {
  for (Operation &op : block.without_terminator()) {
    DenseElementsAttr attr;
    if (matchPattern(&op, m_Constant(&attr))) {
      FailureOr<HostTensor> constant = constantTensor(&op, attr);
      if (failed(constant))
        return failure();
      values[op.getResult(0)] = std::move(*constant);
      continue;
    }
    SmallVector<const HostTensor *> operands;
    for (Value operand : op.getOperands())
      operands.push_back(&values.find(operand)->second);
    FailureOr<std::vector<HostTensor>> results =
        evaluateOp(&op, operands, precision);
    if (failed(results))
      return failure();
    for (auto [value, result] : llvm::zip_equal(op.getResults(), *results))
      values[value] = std::move(result);
  }
  std::vector<HostTensor> yielded;
  for (Value value : block.getTerminator()->getOperands())
    yielded.push_back(values.find(value)->second);
  return yielded;
}

} // namespace

FailureOr<std::vector<HostTensor>> evaluateOp(Operation *op, Operands operands,
                                              Precision precision) {
  if (auto fusion = dyn_cast<seg::FusionOp>(op)) {
    Environment values;
    for (auto [argument, operand] :
         llvm::zip_equal(fusion.getBody().getArguments(), operands))
      values[argument] = *operand;
    return runBlock(fusion.getBody().front(), values, precision);
  }
  auto model = dyn_cast<ReferenceOpInterface>(op);
  if (!model)
    return op->emitOpError(
        "has no reference evaluation (ReferenceOpInterface)");
  std::vector<HostTensor> results;
  for (Type type : op->getResultTypes()) {
    FailureOr<HostTensor> zeros = zerosLike(op, type);
    if (failed(zeros))
      return failure();
    results.push_back(std::move(*zeros));
  }
  if (failed(model.evaluate(operands, results)))
    return failure();
  if (precision == Precision::Storage)
    for (HostTensor &result : results)
      result.roundToKind();
  return results;
}

FailureOr<std::vector<HostTensor>> evaluate(func::FuncOp function,
                                            ArrayRef<HostTensor> inputs,
                                            Precision precision) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("expects one block to evaluate, got ")
           << function.getBody().getBlocks().size();
  if (inputs.size() != function.getNumArguments())
    return function.emitOpError("expects ")
           << function.getNumArguments() << " inputs to evaluate, got "
           << inputs.size();
  Environment values;
  for (auto [argument, input] :
       llvm::zip_equal(function.getArguments(), inputs)) {
    FailureOr<HostTensor> expected = zerosLike(function, argument.getType());
    if (failed(expected))
      return failure();
    if (expected->kind() != input.kind() || expected->shape() != input.shape())
      return function.emitOpError("expects input #")
             << argument.getArgNumber() << " of type " << argument.getType()
             << ", got one of shape " << seg::shapeText(input.shape())
             << " or of another element kind";
    values[argument] = input;
  }
  return runBlock(function.getBody().front(), values, precision);
}

void registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    attachAugmentModels(context);
    attachCollectiveModels(context);
    attachConvModels(context);
    attachElementwiseModels(context);
    attachLossModels(context);
    attachNormModels(context);
    attachOptimizerModels(context);
    attachPoolModels(context);
    attachQuantizeModels(context);
    attachShapeModels(context);
  });
}

} // namespace segc::reference
