//===- NetworkOps.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Networks".

#include "NetworkAttributes.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace segc::seg;

/// The format of seg.network that this version writes and reads.
static constexpr int64_t networkFormat = 1;

static LogicalResult verifyParameterNames(NetworkOp op) {
  llvm::StringMap<Operation *> seen;
  WalkResult result = op.getForward().walk([&](Operation *inner) {
    StringRef name;
    if (auto param = dyn_cast<ParamOp>(inner))
      name = param.getName();
    else if (auto state = dyn_cast<StateOp>(inner))
      name = state.getName();
    else
      return WalkResult::advance();
    auto [entry, inserted] = seen.try_emplace(name, inner);
    if (inserted)
      return WalkResult::advance();
    InFlightDiagnostic diag =
        inner->emitOpError("expects a name of its own, got '")
        << name << "' again";
    diag.attachNote(entry->second->getLoc()) << "first used here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

// After the ops within: their types are known to be tensors.
LogicalResult NetworkOp::verifyRegions() {
  if (failed(verifyClasses(*this)))
    return failure();
  if (static_cast<int64_t>(getFormat()) != networkFormat) // network_c1
    return emitOpError("expects format ")
           << networkFormat << ", got " << static_cast<int64_t>(getFormat())
           << "; use the segc that wrote it";
  Block &forward = getForward().front(), &objective = getObjective().front();
  auto forwardOutput = dyn_cast<OutputOp>(forward.getTerminator());
  auto objectiveOutput = dyn_cast<OutputOp>(objective.getTerminator());
  if (!forwardOutput || !objectiveOutput) // network_c2
    return emitOpError("expects forward and objective to end with seg.output");
  if (forward.getNumArguments() != 1 ||
      forwardOutput.getValues().empty()) // network_c3
    return emitOpError(
               "expects forward to take the image and yield logits, got ")
           << forward.getNumArguments() << " arguments and "
           << forwardOutput.getValues().size() << " results";
  auto logits =
      cast<RankedTensorType>(forwardOutput.getValues().front().getType());
  if (logits.getRank() < 3 ||
      channels(logits) != static_cast<int64_t>(getClasses())) // network_c4
    return emitOpError("expects logits of ")
           << getClasses() << " classes, got " << logits;
  if (objective.getNumArguments() !=
      forwardOutput.getValues().size() + 1) // network_c5
    return emitOpError("expects objective to take the ")
           << forwardOutput.getValues().size()
           << " results of forward and the labels, got "
           << objective.getNumArguments() << " arguments";
  for (auto [yielded, argument] : llvm::zip(
           forwardOutput.getValues().getTypes(), objective.getArgumentTypes()))
    if (yielded != argument) // network_c6
      return emitOpError("expects objective to take ")
             << yielded << ", got " << argument;
  if (getResultNames().size() != objectiveOutput.getValues().size() ||
      getResultNames().empty()) // network_c7
    return emitOpError("expects a name for each of the ")
           << objectiveOutput.getValues().size()
           << " results of objective, got " << getResultNames().size();
  if (cast<RankedTensorType>(objectiveOutput.getValues().front().getType())
          .getRank() != 0) // network_c8
    return emitOpError("expects the first result of objective to be the total "
                       "loss of rank 0, got ")
           << objectiveOutput.getValues().front().getType();
  if (!getOptimizer().getAs<StringAttr>("kind")) // network_c9
    return emitOpError("expects 'kind' in the optimizer");
  if (failed(verifyParameterNames(*this))) // network_c10
    return failure();
  return verifyAttributes(*this);
}

LogicalResult ParamOp::verify() {
  return failure(failed(verifyName(*this, getName())) ||
                 failed(verifyInitialValue(*this, getValue())));
}
LogicalResult StateOp::verify() {
  return failure(failed(verifyName(*this, getName())) ||
                 failed(verifyInitialValue(*this, getValue())));
}

LogicalResult NetworkDropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1)) // dropout_c1
    return emitOpError("expects a rate in [0, 1), got ") << rate;
  return success();
}
