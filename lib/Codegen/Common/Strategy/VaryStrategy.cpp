//===- VaryStrategy.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Random.h"
#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VARYSTRATEGYPASS
#include "segc/Codegen/Common/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct VaryStrategyPass : segc::impl::VaryStrategyPassBase<VaryStrategyPass> {
  using VaryStrategyPassBase::VaryStrategyPassBase;

  void runOnOperation() override {
    FailureOr<StrategyContext> context =
        strategyContext(getOperation(), target, winograd, multiplyType, threads,
                        unverifiedKernels, conv);
    if (failed(context))
      return signalPassFailure();
    CounterRng rng(seed, /*stream=*/0);
    uint64_t next = 0;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      for (auto fusion : entry.getOps<seg::FusionOp>())
        vary(fusion, *context, rng.bits(next++));
  }

  /// Sets the fusion's strategy to the one that `draw` selects, if it has more
  /// than one.
  void vary(seg::FusionOp fusion, StrategyContext context, uint32_t draw) {
    if (!fusion.getRoot() || fusion.getStrategyAttr())
      return;
    context = contextOfFusion(fusion, context);
    // With smaller caches, small convolutions get the tilings that large ones
    // get with real caches.
    context.target.version = context.target.backend->withSmallerCaches(
        context.target.version, 4 * (draw % 4));
    SmallVector<seg::StrategyAttr> candidates =
        every ? strategySamples(fusion, context)
              : strategyCandidates(fusion, context);
    if (candidates.size() > 1)
      setStrategy(fusion, candidates[draw / 4 % candidates.size()], context);
  }
};

} // namespace
