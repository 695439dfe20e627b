//===- Autodiff.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_AUTODIFFPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

StringRef region(func::FuncOp function, unsigned argument) {
  auto attr = function.getArgAttrOfType<StringAttr>(argument, regionAttrName);
  return attr ? attr.getValue() : StringRef();
}

/// Reverse-mode differentiation of one function.
class Differentiator {
public:
  explicit Differentiator(func::FuncOp function);

  /// Seeds the loss and visits the ops in reverse order.
  LogicalResult run(Value loss, Value seed);
  /// Gradient of a parameter, or null if the loss does not depend on it.
  Value gradient(Value value) const { return gradients.lookup(value); }
  int64_t adjointCount = 0, sumCount = 0;

private:
  LogicalResult differentiate(Operation *op);
  void accumulate(Value value, Value gradient);

  OpBuilder builder;
  SmallVector<Operation *> forward;
  llvm::DenseSet<Value> active; ///< Values that depend on a parameter.
  DenseMap<Value, Value> gradients;
};

Differentiator::Differentiator(func::FuncOp function)
    : builder(function.getBody().front().getTerminator()) {
  for (auto [i, argument] : llvm::enumerate(function.getArguments()))
    if (region(function, i) == "parameters")
      active.insert(argument);
  for (Operation &op : function.getBody().front().without_terminator()) {
    forward.push_back(&op);
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return active.contains(v); }))
      active.insert(op.result_begin(), op.result_end());
  }
}

LogicalResult Differentiator::run(Value loss, Value seed) {
  gradients[loss] = seed;
  for (Operation *op : llvm::reverse(forward))
    if (failed(differentiate(op)))
      return failure();
  return success();
}

LogicalResult Differentiator::differentiate(Operation *op) {
  SmallVector<Value> resultGrads;
  for (Value result : op->getResults())
    resultGrads.push_back(gradients.lookup(result));
  SmallVector<bool> needed;
  for (Value operand : op->getOperands())
    needed.push_back(active.contains(operand));
  // Ops that do not affect the loss, and ops on the image alone, have no
  // gradient.
  if (llvm::none_of(resultGrads,
                    [](Value g) { return static_cast<bool>(g); }) ||
      llvm::none_of(needed, [](bool b) { return b; }))
    return success();
  auto differentiable = dyn_cast<seg::DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitOpError(
        "is not differentiable, but lies between a parameter and the loss");
  SmallVector<Value> operandGrads(op->getNumOperands());
  Operation *before = builder.getInsertionPoint()->getPrevNode();
  if (failed(differentiable.buildAdjoint(builder, resultGrads, needed,
                                         operandGrads)))
    return failure();
  for (Operation *made = before->getNextNode();
       made != &*builder.getInsertionPoint(); made = made->getNextNode())
    seg::inheritPrecision(op, made);
  ++adjointCount;
  for (auto [operand, gradient, wanted] :
       llvm::zip_equal(op->getOperands(), operandGrads, needed))
    if (gradient && wanted)
      accumulate(operand, gradient);
  return success();
}

void Differentiator::accumulate(Value value, Value gradient) {
  Value &sum = gradients[value];
  if (!sum) {
    sum = gradient;
    return;
  }
  ++sumCount;
  sum = seg::AddOp::create(builder, value.getLoc(), value.getType(), sum,
                           gradient);
}

struct AutodiffPass : segc::impl::AutodiffPassBase<AutodiffPass> {
  void runOnOperation() override;
};

} // namespace

void AutodiffPass::runOnOperation() {
  func::FuncOp function = getOperation();
  auto lossIndex = function->getAttrOfType<IntegerAttr>(differentiateAttrName);
  if (!lossIndex)
    return;
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (lossIndex.getInt() < 0 ||
      lossIndex.getInt() >= terminator.getNumOperands()) {
    function.emitOpError("expects ")
        << differentiateAttrName << " to name one of "
        << terminator.getNumOperands() << " results, got "
        << lossIndex.getInt();
    return signalPassFailure();
  }
  Value seed;
  for (auto [i, argument] : llvm::enumerate(function.getArguments()))
    if (auto name = function.getArgAttrOfType<StringAttr>(i, nameAttrName);
        name && name.getValue() == "loss_scale")
      seed = argument;
  if (!seed) {
    function.emitOpError("expects an argument named loss_scale");
    return signalPassFailure();
  }

  Differentiator differentiator(function);
  if (failed(
          differentiator.run(terminator.getOperand(lossIndex.getInt()), seed)))
    return signalPassFailure();
  adjoints += differentiator.adjointCount;
  sums += differentiator.sumCount;

  Builder b(&getContext());
  SmallVector<Value> results(terminator.getOperands());
  SmallVector<Attribute> resultAttrs;
  for (unsigned i = 0; i < results.size(); ++i)
    resultAttrs.push_back(function.getResultAttrDict(i)
                              ? function.getResultAttrDict(i)
                              : b.getDictionaryAttr({}));
  for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
    if (region(function, i) != "parameters")
      continue;
    if (!function.getArgAttrOfType<StringAttr>(i, nameAttrName) ||
        !function.getArgAttrOfType<IntegerAttr>(i, offsetAttrName)) {
      function.emitOpError("expects ")
          << nameAttrName << " and " << offsetAttrName << " of parameter #"
          << i;
      return signalPassFailure();
    }
    Value gradient = differentiator.gradient(argument);
    if (!gradient) {
      function.emitOpError("the loss does not depend on parameter ")
          << function.getArgAttr(i, nameAttrName);
      return signalPassFailure();
    }
    results.push_back(gradient);
    resultAttrs.push_back(b.getDictionaryAttr(
        {b.getNamedAttr(regionAttrName, b.getStringAttr("gradients")),
         b.getNamedAttr(nameAttrName, function.getArgAttr(i, nameAttrName)),
         b.getNamedAttr(offsetAttrName,
                        function.getArgAttr(i, offsetAttrName))}));
  }
  terminator->setOperands(results);
  function.setFunctionType(b.getFunctionType(function.getArgumentTypes(),
                                             ValueRange(results).getTypes()));
  function.setAllResultAttrs(llvm::map_to_vector(
      resultAttrs, [](Attribute a) { return cast<DictionaryAttr>(a); }));
  function->removeAttr(differentiateAttrName);
}
