//===- SyncBatch.cpp - Statistics of all ranks' batches -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// This pass names the ops that take a value of the whole batch, because what
// the ranks exchange differs: docs/Rationale.md derives it. All of them are
// there after autodiff, so that the ops need no second form.

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SYNCBATCHPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct SyncBatchPass : segc::impl::SyncBatchPassBase<SyncBatchPass> {
protected:
  void runOnOperation() override;

private:
  ValueRange allReduce(OpBuilder &b, seg::ReduceKind kind, ValueRange values);
  Value allReduce(OpBuilder &b, seg::ReduceKind kind, Value value) {
    return allReduce(b, kind, ValueRange(value)).front();
  }
  void sync(seg::NormStatsOp op);
  void sync(seg::NormGradStatsOp op);
  void sync(seg::DiceOp op);
  void sync(seg::DiceGradOp op);
  void syncMean(Value loss, Value weight);
};

} // namespace

static OpBuilder builderAfter(Operation *op) {
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  return b;
}

/// Replaces a rank's value, except where that of all ranks is computed of it.
static void replaceLocal(Value local, Value all,
                         ArrayRef<Operation *> computing) {
  local.replaceUsesWithIf(all, [&](OpOperand &use) {
    return !llvm::is_contained(computing, use.getOwner());
  });
}

/// What is ready at the same time travels together.
ValueRange SyncBatchPass::allReduce(OpBuilder &b, seg::ReduceKind kind,
                                    ValueRange values) {
  ++collectives;
  return seg::AllReduceOp::create(b, values.front().getLoc(), kind, values,
                                  DenseI64ArrayAttr())
      .getOutputs();
}

/// The common mean first, then the mean of the squared deviations from it: a
/// mean of squares would cancel where the mean is large.
void SyncBatchPass::sync(seg::NormStatsOp op) {
  OpBuilder b = builderAfter(op);
  Value mean = allReduce(b, seg::ReduceKind::mean, op.getMean());
  Value deviation = seg::NormDeviationOp::create(
      b, op.getLoc(), op.getRstd().getType(), op.getMean(), op.getRstd(), mean);
  Value rstd = seg::NormRstdOp::create(
      b, op.getLoc(), allReduce(b, seg::ReduceKind::mean, deviation));
  Operation *computing[] = {mean.getDefiningOp(), deviation.getDefiningOp()};
  replaceLocal(op.getMean(), mean, computing);
  replaceLocal(op.getRstd(), rstd, computing);
}

/// Gradients of gamma and beta are averaged with those of all parameters.
void SyncBatchPass::sync(seg::NormGradStatsOp op) {
  OpBuilder b = builderAfter(op);
  Value locals[] = {op.getMeanGrad(), op.getMeanGradXhat()};
  ValueRange means = allReduce(b, seg::ReduceKind::mean, locals);
  for (auto [local, mean] : llvm::zip_equal(locals, means))
    replaceLocal(local, mean, mean.getDefiningOp());
}

void SyncBatchPass::sync(seg::DiceOp op) {
  OpBuilder b = builderAfter(op);
  Value sums = allReduce(b, seg::ReduceKind::sum, op.getSums());
  replaceLocal(op.getSums(), sums, sums.getDefiningOp());
  auto loss = seg::DiceFromSumsOp::create(
      b, op.getLoc(), op.getLoss().getType(), op.getPerClass().getType(), sums,
      op.getExcludeBackground(), op.getSumClasses(), op.getSmooth());
  op.getLoss().replaceAllUsesWith(loss.getLoss());
  op.getPerClass().replaceAllUsesWith(loss.getPerClass());
}

/// Each rank's logits are in the loss of every rank.
void SyncBatchPass::sync(seg::DiceGradOp op) {
  OpBuilder b(op);
  op.getGradMutable().assign(allReduce(b, seg::ReduceKind::sum, op.getGrad()));
}

/// Of a loss that is a mean by weight: a rank's weight counts against the mean
/// of all ranks.
void SyncBatchPass::syncMean(Value loss, Value weight) {
  OpBuilder b = builderAfter(loss.getDefiningOp());
  Value mean = allReduce(b, seg::ReduceKind::mean, weight);
  Value share = seg::WeightedShareOp::create(b, loss.getLoc(), loss.getType(),
                                             loss, weight, mean);
  Operation *computing[] = {mean.getDefiningOp(), share.getDefiningOp()};
  replaceLocal(loss, share, computing);
  replaceLocal(weight, mean, computing);
}

/// Whether the entry is part of a training step: what evaluates runs on one
/// rank.
static bool yieldsGradients(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (auto region = entry.getResultAttrOfType<StringAttr>(i, regionAttrName);
        region && region.getValue() == "gradients")
      return true;
  return false;
}

void SyncBatchPass::runOnOperation() {
  if (!yieldsGradients(getOperation()))
    return;
  for (Operation &each :
       llvm::make_early_inc_range(getOperation().getBody().front())) {
    if (auto stats = dyn_cast<seg::NormStatsOp>(each)) {
      if (stats.getKind() == seg::NormKind::batch)
        sync(stats);
    } else if (auto sums = dyn_cast<seg::NormGradStatsOp>(each)) {
      if (sums.getKind() == seg::NormKind::batch)
        sync(sums);
    } else if (auto dice = dyn_cast<seg::DiceOp>(each)) {
      if (dice.getBatchReduce())
        sync(dice);
    } else if (auto grad = dyn_cast<seg::DiceGradOp>(each)) {
      if (grad.getBatchReduce())
        sync(grad);
    } else if (auto entropy = dyn_cast<seg::WeightedCrossEntropyOp>(each)) {
      syncMean(entropy.getLoss(), entropy.getTotalWeight());
    } else if (auto binary = dyn_cast<seg::BinaryCrossEntropyOp>(each)) {
      syncMean(binary.getLoss(), binary.getVoxels());
    } else if (auto worst = dyn_cast<seg::TopKMeanOp>(each)) {
      // What is left as it is would be of each rank's samples.
      worst.emitOpError(
          "takes the worst voxels of each rank's samples, expected a loss that "
          "ranks can take over those of all (--sync-batch): compile without "
          "--sync-batch, or make the network with a --loss without topk");
      return signalPassFailure();
    }
  }
}
