//===- AutotuneStrategy.cpp - Strategies by measurement -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AutotuneCache.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/Common/MeasureStrategies.h"
#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Transforms/LayerNames.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_AUTOTUNESTRATEGYPASS
#include "segc/Codegen/Common/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// This pass runs on the module, because entries share kernels and concurrent
/// measurements would disturb each other.
struct AutotuneStrategyPass
    : segc::impl::AutotuneStrategyPassBase<AutotuneStrategyPass> {
  using AutotuneStrategyPassBase::AutotuneStrategyPassBase;

  /// The measured kernels are lowered by a pipeline of their own, whose
  /// dialects must be loaded.
  void getDependentDialects(DialectRegistry &registry) const override {
    AutotuneStrategyPassBase::getDependentDialects(registry);
    for (const TargetBackend *backend : targetBackends()) {
      backend->registerDialects(registry);
      OpPassManager lowering(ModuleOp::getOperationName());
      backend->populateLowering(lowering);
      lowering.getDependentDialects(registry);
    }
  }

  void runOnOperation() override {
    FailureOr<StrategyContext> context =
        strategyContext(getOperation(), target, winograd, multiplyType, threads,
                        unverifiedKernels, conv);
    if (failed(context))
      return signalPassFailure();
    std::string missing =
        context->target.backend->missingFeature(*context->target.version);
    if (!missing.empty()) {
      emitWarning(getOperation().getLoc())
          << "kernels for " << target << " are not measured: " << missing;
      return;
    }
    ThreadPool pool;
    llvm::StringMap<seg::StrategyAttr> chosen;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      for (auto fusion : entry.getOps<seg::FusionOp>())
        if (failed(tune(fusion, *context, pool, chosen)))
          return signalPassFailure();
  }

  /// Sets the fusion's strategy if it has more than one. `chosen` maps kernels
  /// to their strategies.
  LogicalResult tune(seg::FusionOp fusion, StrategyContext context,
                     ThreadPool &pool,
                     llvm::StringMap<seg::StrategyAttr> &chosen) {
    if (!fusion.getRoot() || fusion.getStrategyAttr())
      return success();
    context = contextOfFusion(fusion, context);
    auto [known, fresh] = chosen.try_emplace(
        kernelKey(fusion) + (context.constantOperand ? ",constant" : "") +
        (context.training ? ",training" : ""));
    if (fresh) {
      auto candidates = strategyCandidates(fusion, context);
      if (candidates.size() > 1) {
        auto best = fastest(fusion, candidates, context, pool);
        if (failed(best))
          return failure();
        known->second = candidates[*best];
      }
    }
    if (known->second)
      setStrategy(fusion, known->second, context);
    return success();
  }

  /// Returns the folder of the cache; empty if there is none, or if other users
  /// could change its files.
  StringRef folder(seg::FusionOp fusion) {
    if (!cache.empty() && !usable) {
      Status status = makePrivateFolder(cache);
      usable = status.ok();
      if (!*usable)
        emitWarning(fusion.getLoc())
            << status.message() << "; measured times are not kept";
    }
    return usable.value_or(false) ? StringRef(cache) : StringRef();
  }

  /// Returns the index of the fastest candidate, from the times in the cache or
  /// by measurement.
  FailureOr<size_t> fastest(seg::FusionOp fusion,
                            ArrayRef<seg::StrategyAttr> candidates,
                            const StrategyContext &context, ThreadPool &pool) {
    AutotuneSubject subject(fusion, context, pool.workers(), candidates);
    std::optional<std::vector<double>> seconds = cachedTimes(fusion, subject);
    StringRef how = seconds ? "cached" : "measured";
    ++(seconds ? cached : measured);
    if (!seconds) {
      auto times = measureStrategies(fusion, candidates, context, pool);
      if (!times)
        return fusion.emitError("cannot be measured: ")
               << llvm::toString(times.takeError());
      seconds = std::move(*times);
      store(fusion, subject, *seconds);
    }
    size_t best = fastestStrategy(*seconds);
    displaced += best != 0;
    explain(fusion, how, subject, *seconds, best);
    return best;
  }

  std::optional<std::vector<double>>
  cachedTimes(seg::FusionOp fusion, const AutotuneSubject &subject) {
    if (folder(fusion).empty())
      return std::nullopt;
    auto seconds = readTimes(cache, subject);
    if (seconds)
      return std::move(*seconds);
    if (seconds.status().code() != StatusCode::NotFound)
      emitWarning(fusion.getLoc())
          << "measured anew, because of " << seconds.status().message();
    return std::nullopt;
  }

  void store(seg::FusionOp fusion, const AutotuneSubject &subject,
             const std::vector<double> &seconds) {
    if (folder(fusion).empty())
      return;
    if (Status status = writeTimes(cache, subject, seconds); !status.ok())
      emitWarning(fusion.getLoc())
          << "measured, but not kept: " << status.message();
  }

  void explain(seg::FusionOp fusion, StringRef how,
               const AutotuneSubject &subject, ArrayRef<double> seconds,
               size_t best) {
    std::string times;
    for (auto [strategy, time] : llvm::zip_equal(subject.strategies, seconds))
      times += llvm::formatv("; {0:f4} ms {1}", time * 1e3, strategy).str();
    Operation *root = fusion.getRoot();
    addPlace(remark::analysis(root->getLoc(),
                              remarkOpts("autotune", "strategy", fusion))
                 << remark::add(
                        "{0}: {1} {2} strategies, number {3} is taken{4}",
                        root->getName(), how, seconds.size(), best + 1, times),
             fusion);
  }

  std::optional<bool> usable; ///< Whether the cache's folder is usable, once it
                              ///< was needed.
};

} // namespace
