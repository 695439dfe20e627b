//===- Simplifications.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simplifications.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

using namespace seg;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The op at an index in `forward`, then in `objective`; null after the last.
static Operation *opAt(NetworkOp network, size_t place) {
  for (Region *region : {&network.getForward(), &network.getObjective()})
    for (Operation &op : region->front())
      if (place-- == 0)
        return &op;
  return nullptr;
}

static bool isWeight(Value value) {
  return isa_and_nonnull<ParamOp, StateOp>(value.getDefiningOp());
}
static bool isActivation(Value value) {
  return typeOf(value).getRank() >= 4 && !isWeight(value);
}

//===----------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------===//

/// Replaces the objective by the cross-entropy of the first head.
static bool simplifyObjective(NetworkOp network) {
  Block &objective = network.getObjective().front();
  Value logits = objective.getArgument(0),
        labels = objective.getArguments().back();
  Operation *first = &objective.front();
  if (isa<CrossEntropyOp>(first) && first->getNextNode() == &objective.back())
    return false;
  OpBuilder b(first);
  auto scalar = RankedTensorType::get({}, typeOf(logits).getElementType());
  Value loss = CrossEntropyOp::create(b, network.getLoc(), scalar, logits,
                                      labels, APFloat(0.0));
  objective.getTerminator()->setOperands(loss);
  network.setResultNamesAttr(b.getStrArrayAttr({"loss"}));
  return true;
}

/// Makes the value the only head.
static bool endAt(NetworkOp network, Value head) {
  Operation *output = network.getForward().front().getTerminator();
  bool isHead = output->getNumOperands() == 1 && output->getOperand(0) == head;
  if (!isActivation(head) || channels(typeOf(head)) < 2 || isHead)
    return false;
  simplifyObjective(network);
  output->setOperands(head);
  Block &objective = network.getObjective().front();
  while (objective.getNumArguments() > 2)
    objective.eraseArgument(1);
  objective.getArgument(0).setType(head.getType());
  Value labels = objective.getArgument(1);
  labels.setType(typeOf(labels).clone(typeOf(head).getShape().drop_back()));
  network.setClasses(channels(typeOf(head)));
  return true;
}

/// Replaces the value by the image.
static bool startAt(NetworkOp network, Value value) {
  Value image = network.getForward().getArgument(0);
  if (!isActivation(value) || value == image)
    return false;
  Type type = value.getType();
  value.replaceAllUsesWith(image);
  // Valid if no other live op reads the image.
  image.setType(type);
  return true;
}

//===----------------------------------------------------------------------===//
// Ops and operands
//===----------------------------------------------------------------------===//

/// Uses the operand in place of the op's results of its type.
static bool bypass(Operation *op, Value operand) {
  bool changed = false;
  if (isWeight(operand))
    return false;
  for (Value result : op->getResults())
    if (result.getType() == operand.getType() && !result.use_empty()) {
      result.replaceAllUsesWith(operand);
      changed = true;
    }
  return changed;
}

static bool dropBias(Operation *op) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getBias() && (conv.getBiasMutable().clear(), true);
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getBias() && (conv.getBiasMutable().clear(), true);
  return false;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Changes types by `change`, then those that follow from them.
static bool resize(NetworkOp network, llvm::function_ref<bool()> change) {
  DenseMap<Value, RankedTensorType> old;
  network.walk([&](Operation *op) {
    for (Value result : op->getResults())
      old[result] = typeOf(result);
  });
  for (Region *region : {&network.getForward(), &network.getObjective()})
    for (Value argument : region->getArguments())
      old[argument] = typeOf(argument);
  if (!change())
    return false;
  inferTypes(network, old);
  return true;
}

/// A dimension of the image, the batch included.
static bool shrinkImage(NetworkOp network, int64_t dimension, int64_t size) {
  return resize(network, [&] {
    Value image = network.getForward().getArgument(0);
    Shape shape(typeOf(image).getShape());
    if (dimension >= static_cast<int64_t>(shape.size()) ||
        shape[dimension] <= size)
      return false;
    shape[dimension] = size;
    image.setType(typeOf(image).clone(shape));
    return true;
  });
}

/// The channels that a convolution makes.
static bool shrinkFilter(NetworkOp network, Operation *op, int64_t size) {
  return resize(network, [&] {
    bool transposed = false;
    Value filter;
    if (auto conv = dyn_cast<ConvOp>(op)) {
      filter = conv.getFilter();
      transposed = conv.getTransposeFilter();
    } else if (auto conv = dyn_cast<ConvTransposeOp>(op)) {
      filter = conv.getFilter();
    }
    if (!filter)
      return false;
    Shape shape(typeOf(filter).getShape());
    int64_t &out = shape[shape.size() - (transposed ? 2 : 1)];
    if (out <= size)
      return false;
    out = size;
    filter.setType(typeOf(filter).clone(shape));
    return true;
  });
}

/// An op that changes types: those behind it follow.
static bool skip(NetworkOp network, Operation *op, Value operand) {
  return resize(network, [&] {
    if (op->getNumResults() == 0 || !isActivation(operand) ||
        !isActivation(op->getResult(0)) ||
        op->getResult(0).getType() == operand.getType())
      return false;
    op->getResult(0).replaceAllUsesWith(operand);
    return true;
  });
}

static bool dropPart(NetworkOp network, Operation *op, unsigned part) {
  return resize(network, [&] {
    auto concat = dyn_cast<ConcatOp>(op);
    if (!concat || concat.getInputs().size() < 2 ||
        part >= concat.getInputs().size())
      return false;
    concat.getInputsMutable().erase(part);
    return true;
  });
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

void eraseUnused(NetworkOp network) {
  auto eraseOps = [](Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  };
  Block &objective = network.getObjective().front();
  eraseOps(objective);
  Operation *output = network.getForward().front().getTerminator();
  for (unsigned head = output->getNumOperands() - 1; head > 0; --head)
    if (objective.getArgument(head).use_empty()) {
      objective.eraseArgument(head);
      output->eraseOperand(head);
    }
  eraseOps(network.getForward().front());
}

std::vector<Simplification> simplifications(NetworkOp network) {
  std::vector<Simplification> result;
  size_t forward = network.getForward().front().getOperations().size(),
         all = forward + network.getObjective().front().getOperations().size();
  // `change` for the op at each of these places.
  auto forOps = [&](size_t first, size_t last, auto change) {
    for (size_t place = first; place != last; place += first < last ? 1 : -1)
      result.push_back([=](NetworkOp copy) {
        Operation *op = opAt(copy, first < last ? place : place - 1);
        return change(copy, op);
      });
  };
  result.push_back([](NetworkOp) { return true; }); // Nothing but eraseUnused.
  forOps(0, forward, [](NetworkOp copy, Operation *op) {
    return op->getNumResults() > 0 && endAt(copy, op->getResult(0));
  });
  forOps(forward, 0, [](NetworkOp copy, Operation *op) {
    return op->getNumResults() > 0 && startAt(copy, op->getResult(0));
  });
  result.push_back(simplifyObjective);
  for (unsigned operand : {0, 1, 2})
    forOps(all, 0, [=](NetworkOp copy, Operation *op) {
      return operand < op->getNumOperands() &&
             bypass(op, op->getOperand(operand));
    });
  for (unsigned operand : {0, 1})
    forOps(forward, 0, [=](NetworkOp copy, Operation *op) {
      return operand < op->getNumOperands() &&
             skip(copy, op, op->getOperand(operand));
    });
  for (unsigned part : {0, 1, 2, 3})
    forOps(forward, 0, [=](NetworkOp copy, Operation *op) {
      return dropPart(copy, op, part);
    });
  forOps(0, forward, [](NetworkOp, Operation *op) { return dropBias(op); });
  // Down to the smallest size at once, else by steps.
  for (int64_t size : {1, 2, 4, 8, 16}) {
    for (int64_t dimension = 0; dimension < 5; ++dimension)
      result.push_back(
          [=](NetworkOp copy) { return shrinkImage(copy, dimension, size); });
    forOps(0, forward, [=](NetworkOp copy, Operation *op) {
      return shrinkFilter(copy, op, size);
    });
  }
  return result;
}

} // namespace segc
