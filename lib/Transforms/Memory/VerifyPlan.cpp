//===- VerifyPlan.cpp - Checks of a planned module ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Strategy.h"
#include "segc/Transforms/Passes.h"
#include "segc/Transforms/PlanVerifier.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "segc/Transforms/Passes.h.inc"

/// The places that a plan gives what a fusion writes.
static LogicalResult checkPlaces(seg::FusionOp fusion) {
  if (!fusion.getOffsets())
    return fusion.emitOpError("has no offsets; run seg-plan-memory first");
  for (auto [value, offset] :
       llvm::zip_equal(fusion.getResults(), *fusion.getOffsets())) {
    bool returned =
        llvm::any_of(value.getUsers(), llvm::IsaPred<func::ReturnOp>);
    if (returned && offset != -1)
      return fusion.emitOpError("expects offset -1 for result #")
             << value.getResultNumber()
             << ", which the entry returns in a place of its own, got "
             << offset;
    if (!returned && offset < 0)
      return fusion.emitOpError("expects an offset in the arena for result #")
             << value.getResultNumber() << ", got " << offset;
  }
  int64_t temporary = arenaTempBytes(fusion.getStrategyAttr());
  if (fusion.getTempOffset().has_value() == (temporary > 0))
    return success();
  if (temporary == 0)
    return fusion.emitOpError("expects no temp_offset: its strategy needs no "
                              "temporary in the arena");
  return fusion.emitOpError("expects temp_offset for the ")
         << temporary << " bytes of its strategy's temporary";
}

static LogicalResult checkFusion(Operation &op) {
  auto fusion = dyn_cast<seg::FusionOp>(op);
  if (!fusion)
    return op.emitOpError("lies in no seg.fusion; run seg-fuse first");
  if (fusion.getNumResults() == 0)
    return fusion.emitOpError("expects a result: nothing needs a kernel "
                              "without one");
  for (NamedAttribute attribute : fusion->getDiscardableAttrs())
    if (!attribute.getName().strref().contains('.'))
      return fusion.emitOpError("has no attribute '")
             << attribute.getName().strref()
             << "': expects strategy, offsets and temp_offset";
  return failure(failed(verifyStrategyMemory(fusion)) ||
                 failed(checkPlaces(fusion)));
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
    if (failed(checkFusion(op)))
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
