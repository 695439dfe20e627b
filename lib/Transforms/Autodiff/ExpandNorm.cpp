//===- ExpandNorm.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_EXPANDNORMPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

void expand(seg::NormOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto stats = seg::NormStatsOp::create(
      b, loc, op.getMean().getType(), op.getRstd().getType(), op.getInput(),
      op.getKind(), op.getGroups(), op.getEpsilon());
  Value output = seg::NormApplyOp::create(
      b, loc, op.getOutput().getType(), op.getInput(), stats.getMean(),
      stats.getRstd(), op.getGamma(), op.getBeta());
  seg::inheritPrecision(op, output.getDefiningOp());
  op->replaceAllUsesWith(ValueRange{output, stats.getMean(), stats.getRstd()});
  op.erase();
}

void expand(seg::NormGradOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Type stat = op.getMean().getType(), channel = op.getGamma().getType();
  auto stats = seg::NormGradStatsOp::create(
      b, loc, stat, stat, channel, channel, op.getInput(), op.getGrad(),
      op.getGamma(), op.getMean(), op.getRstd(), op.getKind(), op.getGroups(),
      op.getEpsilon());
  Value inputGrad = seg::NormGradApplyOp::create(
      b, loc, op.getInputGrad().getType(), op.getInput(), op.getGrad(),
      op.getGamma(), op.getMean(), op.getRstd(), stats.getMeanGrad(),
      stats.getMeanGradXhat());
  seg::inheritPrecision(op, inputGrad.getDefiningOp());
  op->replaceAllUsesWith(
      ValueRange{inputGrad, stats.getGammaGrad(), stats.getBetaGrad()});
  op.erase();
}

struct ExpandNormPass : segc::impl::ExpandNormPassBase<ExpandNormPass> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (auto norm = dyn_cast<seg::NormOp>(op))
        expand(norm);
      else if (auto grad = dyn_cast<seg::NormGradOp>(op))
        expand(grad);
      else
        return;
      ++expanded;
    });
  }
};

} // namespace
