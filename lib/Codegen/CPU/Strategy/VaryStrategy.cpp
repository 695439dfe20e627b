//===- VaryStrategy.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/StrategyChoice.h"
#include "segc/Base/Random.h"
#include "segc/Codegen/CPU/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VARYCPUSTRATEGYPASS
#include "segc/Codegen/CPU/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct VaryCpuStrategyPass
    : segc::impl::VaryCpuStrategyPassBase<VaryCpuStrategyPass> {
  using VaryCpuStrategyPassBase::VaryCpuStrategyPassBase;

  void runOnOperation() override {
    FailureOr<CpuStrategyContext> context = cpuStrategyContext(
        getOperation(), cpu, winograd, multiplyType, threads);
    if (failed(context))
      return signalPassFailure();
    CounterRng rng(seed, /*stream=*/0);
    uint64_t next = 0;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      for (auto fusion : entry.getOps<seg::FusionOp>())
        vary(fusion, *context, rng.bits(next++));
  }

  /// Sets the fusion's strategy if there is a choice.
  void vary(seg::FusionOp fusion, CpuStrategyContext context, uint32_t draw) {
    auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(fusion.getRoot());
    if (!kernel || fusion.getStrategyAttr())
      return;
    context = contextOfFusion(fusion, context);
    // In a smaller cache a small convolution is what a large one is in a real
    // one.
    context.target.l2Bytes >>= 4 * (draw % 4);
    SmallVector<DictionaryAttr> candidates;
    if (every)
      candidates = allConvStrategies(fusion, context);
    if (candidates.empty())
      candidates = kernel.cpuStrategyCandidates(fusion, context);
    if (candidates.size() > 1)
      setCpuStrategy(fusion, candidates[draw / 4 % candidates.size()], context);
  }
};

} // namespace
