//===- VerifyPlan.cpp - Checks of a planned module ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"
#include "segc/Transforms/PlanVerifier.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "segc/Transforms/Passes.h.inc"

/// The places that a plan gives what a step writes.
static LogicalResult checkPlaces(seg::ScheduledOpInterface step) {
  if (!step.getOffsets())
    return step.emitOpError("has no offsets; run seg-plan-memory first");
  for (auto [value, offset] :
       llvm::zip_equal(step.getWrites(), *step.getOffsets())) {
    bool returned =
        llvm::any_of(value.getUsers(), llvm::IsaPred<func::ReturnOp>);
    if (returned && offset != -1)
      return step.emitOpError("expects offset -1 for result #")
             << value.getResultNumber()
             << ", which the entry returns in a place of its own, got "
             << offset;
    if (!returned && offset < 0)
      return step.emitOpError("expects an offset in the arena for result #")
             << value.getResultNumber() << ", got " << offset;
  }
  int64_t workspace = step.getWorkspaceBytes();
  if (step.getTempOffset().has_value() == (workspace > 0))
    return success();
  if (workspace == 0)
    return step.emitOpError("expects no temp_offset: its strategy needs no "
                            "temporary in the arena");
  return step.emitOpError("expects temp_offset for the ")
         << workspace << " bytes of its strategy's temporary";
}

static LogicalResult checkStep(Operation &op) {
  auto step = dyn_cast<seg::ScheduledOpInterface>(op);
  if (!step)
    return op.emitOpError("lies in no seg.fusion; run seg-fuse first");
  if (step.getWrites().empty())
    return step.emitOpError("expects a result: nothing needs a kernel "
                            "without one");
  for (NamedAttribute attribute : step->getDiscardableAttrs())
    if (!attribute.getName().strref().contains('.'))
      return step.emitOpError("has no attribute '")
             << attribute.getName().strref()
             << "': expects strategy, offsets and temp_offset";
  return checkPlaces(step);
}

LogicalResult verifyPlan(func::FuncOp entry) {
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError("expects a body of one block");
  if (!entry->getAttrOfType<IntegerAttr>(arenaAttrName) ||
      !entry->getAttrOfType<IntegerAttr>(arenaBoundAttrName))
    return entry.emitOpError("has no memory plan: expects ")
           << arenaAttrName << " and " << arenaBoundAttrName
           << "; run seg-plan-memory first";
  Block &body = entry.getBody().front();
  for (Operation &op : body.without_terminator())
    if (failed(checkStep(op)))
      return failure();
  llvm::SmallDenseSet<Value> returned;
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands()))
    if (!returned.insert(value).second || isa<BlockArgument>(value))
      return entry.emitOpError("result #")
             << i
             << " is an argument or another result again; it has no place of "
                "its own";
  return success();
}

} // namespace segc

using namespace segc;

namespace {

struct VerifyPlanPass : segc::impl::VerifyPlanPassBase<VerifyPlanPass> {
  void runOnOperation() override {
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (failed(verifyPlan(entry)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
