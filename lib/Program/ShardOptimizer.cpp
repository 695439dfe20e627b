//===- ShardOptimizer.cpp - Updates that ranks share ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of flat tensors have tasks that are slices of them, so that a rank
// runs the tasks of its slices, in any number of ranks, and the bits are those
// of one rank. What a rank has not computed it gets before it is read: partial
// results between the kernels of a launch, parameters behind the last one that
// writes them.

#include "mlir/IR/Remarks.h"
#include "segc/Program/Passes.h"
#include "segc/Program/Programs.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SHARDOPTIMIZERPASS
#include "segc/Program/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {
struct ShardOptimizerPass
    : segc::impl::ShardOptimizerPassBase<ShardOptimizerPass> {
protected:
  void runOnOperation() override;

private:
  LogicalResult shareLaunches(exec::JoinOp gradients);
  LogicalResult share(exec::LaunchOp launch, exec::ShardsAttr &shards);
};
} // namespace

/// Whether the launch reads or writes gradients, or states of the optimizer.
static bool isOfUpdate(exec::LaunchOp launch) {
  const auto isOfOptimizer = [](exec::BufferAttr buffer) {
    return buffer.getRegion() == exec::Region::Gradients ||
           buffer.getRegion() == exec::Region::Optimizer;
  };
  return llvm::any_of(launch.getInputs(),
                      [&](Value input) {
                        return isOfOptimizer(exec::bufferOf(input));
                      }) ||
         llvm::any_of(launch.getBuffers().getAsRange<exec::BufferAttr>(),
                      isOfOptimizer);
}

LogicalResult ShardOptimizerPass::share(exec::LaunchOp launch,
                                        exec::ShardsAttr &shards) {
  const exec::ShardsAttr own = launch.getShards();
  if (!own)
    return launch.emitOpError("cannot be shared by ranks: its tasks are not "
                              "slices of flat operands on this target; compile "
                              "without --shard-optimizer");
  if (shards && own != shards)
    return launch.emitOpError("cannot be shared by ranks: it has ")
           << own << ", the launches before it " << shards;
  shards = own;
  launch.setSharded(true);
  ++launches;
  const StringRef entry =
      launch->getParentOfType<exec::ProgramOp>().getSymName();
  remark::passed(launch.getLoc(), remark::RemarkOpts::name("shared")
                                      .category("communication")
                                      .function(entry))
      << remark::add(
             "{0}: ranks share {1} slices of {2}", entry,
             exec::kernelAttrOf(launch.getKernelFunctions().front()).getTasks(),
             launch.getLabel().value_or("a launch"))
      << remark::metric("entry", entry);
  return success();
}

/// Each rank gets the means of its own gradients.
static void scatter(exec::JoinOp gradients, exec::ShardsAttr shards) {
  const exec::BufferAttr all = gradients.getBuffer(0);
  llvm::SetVector<Operation *> buckets;
  for (Value gradient : gradients.getInputs())
    if (auto collective = gradient.getDefiningOp<exec::CollectiveOp>())
      buckets.insert(collective);
  for (Operation *op : buckets) {
    auto bucket = cast<exec::CollectiveOp>(op);
    const int64_t begin = bucket.getBuffer(0).getOffset() - all.getOffset();
    bucket.setKind(exec::CollectiveKind::ReduceScatter);
    bucket.setShardsAttr(exec::ShardsAttr::get(
        op->getContext(), shards.getElements(), shards.getSlice(),
        begin * 8 / all.getType().getElementTypeBitWidth()));
  }
}

/// All ranks get the parameters that the launch writes.
static void gather(exec::LaunchOp launch, unsigned result,
                   exec::ShardsAttr shards) {
  OpBuilder b(launch.getContext());
  b.setInsertionPointAfter(launch);
  Value parameters = launch.getOutputs()[result];
  auto all = exec::CollectiveOp::create(
      b, launch.getLoc(),
      TypeRange{parameters.getType(), exec::TokenType::get(b.getContext())},
      exec::CollectiveKindAttr::get(b.getContext(),
                                    exec::CollectiveKind::AllGather),
      parameters, b.getArrayAttr(launch.getBuffer(result)), TypeAttr(), shards,
      launch.getStreamAttr());
  exec::WaitOp::create(b, launch.getLoc(), all.getDone(),
                       launch.getStreamAttr());
  parameters.replaceAllUsesExcept(all.getOutputs().front(), all);
}

LogicalResult ShardOptimizerPass::shareLaunches(exec::JoinOp gradients) {
  exec::ShardsAttr shards;
  std::pair<exec::LaunchOp, unsigned> last;
  for (Operation *op = gradients->getNextNode(); op; op = op->getNextNode()) {
    auto launch = dyn_cast<exec::LaunchOp>(op);
    if (!launch || !isOfUpdate(launch))
      continue;
    if (failed(share(launch, shards)))
      return failure();
    for (auto [i, buffer] :
         llvm::enumerate(launch.getBuffers().getAsRange<exec::BufferAttr>()))
      if (buffer.getRegion() == exec::Region::Parameters)
        last = {launch, i};
  }
  if (!last.first)
    return success();
  scatter(gradients, shards);
  gather(last.first, last.second, shards);
  return success();
}

void ShardOptimizerPass::runOnOperation() {
  exec::ProgramOp step = findProgram(getOperation(), "train_step");
  if (!step)
    return;
  for (auto join : llvm::to_vector(step.getBody().getOps<exec::JoinOp>()))
    if (join.getBuffer(0).getRegion() == exec::Region::Gradients &&
        failed(shareLaunches(join)))
      return signalPassFailure();
}
