//===- Fuse.cpp -----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Casts.h"
#include "Grouping.h"
#include "LibraryRoots.h"
#include "mlir/IR/IRMapping.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_FUSEPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Moves the ops of a group into a seg.fusion at the builder. `map` maps the
/// values of groups that are already moved to results of their fusions. Returns
/// the number of removed roundings.
int64_t buildFusion(OpBuilder &builder, const FusionGroup &group,
                    bool rootKeepsResults, IRMapping &map) {
  llvm::SmallDenseSet<Operation *> members(group.ops.begin(), group.ops.end());
  members.insert(group.prologue.begin(), group.prologue.end());
  auto usedOutside = [&](Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return !members.contains(user);
    });
  };
  // Reductions read the stored value.
  auto isReduced = [&](Value value) {
    return llvm::any_of(group.reductions, [&](Operation *op) {
      auto reduction = cast<seg::EpilogueReductionOpInterface>(op);
      return seg::storedValue(reduction.getReduced()) == value;
    });
  };
  auto isStored = [&](Value value) {
    return usedOutside(value) || isReduced(value);
  };
  llvm::SmallSetVector<Value, 8> inputs, outputs;
  // The root's results come first and in order; emitters without an epilogue
  // rely on it.
  if (group.root)
    for (Value result : group.root->getResults()) {
      Operation *user = result.hasOneUse() ? *result.user_begin() : nullptr;
      if (rootKeepsResults && user && members.contains(user) &&
          isRounding(user, group.root))
        outputs.insert(user->getResult(0)); // It is rounded on store.
      else if (rootKeepsResults || isStored(result))
        outputs.insert(result);
    }
  SmallVector<Operation *> ops(group.prologue);
  ops.append(group.ops);
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()))
        inputs.insert(operand);
  for (Operation *op : group.ops)
    if (op != group.root)
      for (Value result : op->getResults())
        if (isStored(result))
          outputs.insert(result);

  Operation *lead = group.root ? group.root : group.ops.front();
  SmallVector<Value> operands;
  for (Value input : inputs)
    operands.push_back(map.lookupOrDefault(input));
  auto fusion = seg::FusionOp::create(
      builder, lead->getLoc(), ValueRange(outputs.getArrayRef()).getTypes(),
      operands, seg::StrategyAttr(), DenseI64ArrayAttr(), IntegerAttr());
  Block *body = builder.createBlock(&fusion.getBody());
  IRMapping inner;
  for (Value input : inputs)
    inner.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : ops)
    builder.clone(*op, inner);
  SmallVector<Value> yielded;
  for (Value output : outputs)
    yielded.push_back(inner.lookup(output));
  seg::YieldOp::create(builder, lead->getLoc(), yielded);
  int64_t dropped = dropRoundings(*body);
  builder.setInsertionPointAfter(fusion);
  map.map(outputs.getArrayRef(), fusion.getResults());
  return dropped;
}

/// Copies values that are returned more than once, such as the gradients of two
/// biases of the same sum, because each result has its own buffer.
void separateResults(Operation *terminator) {
  OpBuilder builder(terminator);
  llvm::SmallDenseSet<Value> seen;
  for (OpOperand &operand : terminator->getOpOperands())
    if (!seen.insert(operand.get()).second)
      operand.set(seg::ScaleOp::create(builder, operand.get().getLoc(),
                                       operand.get(), APFloat(1.0)));
}

struct FusePass : segc::impl::FusePassBase<FusePass> {
  using FusePassBase::FusePassBase;

  void runOnOperation() override {
    FailureOr<Target> compiledFor = resolveTarget(getOperation(), target);
    if (failed(compiledFor))
      return signalPassFailure();
    const TargetBackend &backend = *compiledFor->backend;
    FailureOr<ConvImplementation> implementation =
        resolveConvImplementation(getOperation(), backend, conv);
    if (failed(implementation))
      return signalPassFailure();
    Block &block = getOperation().getBody().front();
    // Dead ops, in text of an earlier phase or after passes of plugins, would
    // become kernels without results.
    auto all = llvm::map_to_vector(block.without_terminator(),
                                   [](Operation &op) { return &op; });
    for (Operation *op : llvm::reverse(all))
      if (isOpTriviallyDead(op))
        op->erase();
    separateResults(block.getTerminator());
    if (enable)
      copyReads(block);
    StrategyContext context{*compiledFor};
    context.multiplyTypes = compiledFor->version->multiplyTypes;
    context.conv = *implementation;
    LibraryRoots libraryRoots = separateLibraryRoots(block, context);
    auto *dialect = getContext().getLoadedDialect<seg::SegDialect>();
    FusionGrouping grouping(block, backend, libraryRoots,
                            dialect->getRegisteredInterface<FusionPolicy>(),
                            {enable && epilogues, enable && reductions,
                             enable && prologues, enable});
    fused += grouping.fusedCount;
    missed += grouping.missedCount;

    auto old = llvm::map_to_vector(block.without_terminator(),
                                   [](Operation &op) { return &op; });
    Operation *terminator = block.getTerminator();
    OpBuilder builder(terminator);
    IRMapping map;
    for (FusionGroup *group : grouping.ordered()) {
      if (isa_and_present<seg::ScheduledOpInterface>(group->root)) {
        builder.setInsertionPointAfter(builder.clone(*group->root, map));
        continue;
      }
      unrounded +=
          buildFusion(builder, *group,
                      group->root && (libraryRoots.contains(group->root) ||
                                      !backend.takesEpilogue(group->root)),
                      map);
    }
    for (OpOperand &operand : terminator->getOpOperands())
      operand.set(map.lookupOrDefault(operand.get()));
    for (Operation *op : llvm::reverse(old))
      op->erase();
  }
};

} // namespace
