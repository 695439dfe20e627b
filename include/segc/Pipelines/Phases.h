//===- Phases.h - The phase table -------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PIPELINES_PHASES_H
#define SEGC_PIPELINES_PHASES_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace segc {

/// The options of a compilation that passes depend on.
struct PipelineOptions {
  int64_t batch = 0; ///< Batch size; 0: that of the module.
  bool training = true;
  bool features = false;  ///< See seg-import-network; without training.
  bool foldNorms = false; ///< See seg-fold-batch-norm; needs embedded weights.
  bool syncBatch = false; ///< See seg-sync-batch.
  std::string precision = "f32"; ///< See seg-assign-precision.
  std::string precisionLists;    ///< File; see seg-assign-precision.
  bool fusion = true;            ///< Off disables the next three as well.
  bool epilogues = true, reductions = true, prologues = true;
  bool schedule = true; ///< See seg-schedule.
  bool inPlace = true;
  bool reuse = true;        ///< Reuse of memory; see seg-plan-memory.
  double recompute = 1;     ///< Limit in per cent of the time; see
                            ///< seg-rematerialize.
  int64_t fitMemory = -1;   ///< Limit on the bytes of an entry's arena; -1:
                            ///< none.
  bool memoryTable = false; ///< See seg-rematerialize.
  std::string target;       ///< Target spec (TargetBackend.h); empty: the first
                            ///< backend.
  std::string winograd = "f6";       ///< See seg-select-strategy.
  std::string multiplyType = "auto"; ///< See seg-select-strategy.
  int64_t threads = 0;               ///< See seg-select-strategy.
  bool unverifiedKernels = false;    ///< See seg-select-strategy.
  std::string conv = "generated";    ///< See seg-select-strategy.
  int64_t ranks = 0;                 ///< See exec-schedule-collectives.
  std::string link;                  ///< See exec-schedule-collectives.
  std::string reduceType = "f32";    ///< See exec-schedule-collectives.
  bool shardOptimizer = false;       ///< See exec-shard-optimizer.
  bool autotune = false;
  std::string autotuneCache; ///< See seg-autotune.
};

struct Phase {
  llvm::StringLiteral name, sentence;
};

/// Returns all phases in order.
llvm::ArrayRef<Phase> phases();
/// Position of a phase by name.
std::optional<size_t> findPhase(llvm::StringRef name);
/// Phases up to this one are the same for all targets; fusion is the same for
/// all versions of a target.
inline constexpr llvm::StringLiteral lastCommonPhase = "precision";

/// Adds the passes of a phase.
void populatePhase(mlir::OpPassManager &manager, llvm::StringRef phase,
                   const PipelineOptions &options);

/// Registers all backends (TargetBackend.h).
void registerTargets();

/// Dialects, interfaces and translations that the phases need.
void registerAllDialects(mlir::DialectRegistry &registry);

/// A context with all these dialects loaded.
class CompilerContext : public mlir::MLIRContext {
public:
  explicit CompilerContext(Threading threading = Threading::ENABLED);
};

/// Registers the passes, the phases as pipelines `segc-<phase>`, and the
/// upstream passes that they use.
void registerAllPasses();

} // namespace segc

#endif // SEGC_PIPELINES_PHASES_H
