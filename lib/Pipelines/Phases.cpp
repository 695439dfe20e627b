//===- Phases.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Pipelines/Phases.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "segc/Codegen/CPU/CpuBackend.h"
#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "segc/Codegen/GPU/Passes.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Program/Passes.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/AugmentPasses.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {

llvm::ArrayRef<Phase> phases() {
  static constexpr Phase table[] = {
#define SEGC_PHASE(name, sentence)                                             \
  {llvm::StringLiteral(#name), llvm::StringLiteral(sentence)},
#include "segc/Pipelines/Phases.def"
  };
  return table;
}

std::optional<size_t> findPhase(llvm::StringRef name) {
  for (auto [i, phase] : llvm::enumerate(phases()))
    if (phase.name == name)
      return i;
  return std::nullopt;
}

static void populateSeg(OpPassManager &manager,
                        const PipelineOptions &options) {
  // This pass runs first, because canonicalization erases ops without effect.
  manager.addPass(createWarnUnusedPass());
  if (options.batch > 0)
    manager.addPass(createSetBatchPass({options.batch}));
  manager.addPass(createCanonicalizerPass());
}

static void populateEntries(OpPassManager &manager,
                            const PipelineOptions &options) {
  // Folding runs before import, so that folded parameters get no buffers.
  if (options.foldNorms)
    manager.addPass(createFoldBatchNormPass());
  manager.addPass(
      createImportNetworkPass({options.training, options.features}));
  // Canonicalization removes heads that only training uses from `predict`.
  manager.addNestedPass<func::FuncOp>(createCanonicalizerPass());
}

static void populateAutodiff(OpPassManager &manager,
                             const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(createAutodiffPass());
  // Norms are expanded after autodiff, because the gradient of a norm is one
  // op.
  manager.addNestedPass<func::FuncOp>(createExpandNormPass());
  // The gradients of losses and the statistics of norms are there now.
  if (options.syncBatch)
    manager.addNestedPass<func::FuncOp>(createSyncBatchPass());
  manager.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  manager.addNestedPass<func::FuncOp>(createCSEPass());
}

static void populatePrecision(OpPassManager &manager,
                              const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(
      createAssignPrecisionPass({options.precision, options.precisionLists}));
  manager.addNestedPass<func::FuncOp>(createInsertCastsPass());
}

static void populateFusion(OpPassManager &manager,
                           const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(
      createFusePass({options.fusion, options.epilogues, options.reductions,
                      options.prologues, options.target, options.conv}));
  if (options.fusion)
    manager.addNestedPass<func::FuncOp>(createNarrowFiltersPass(
        {options.target, options.winograd, options.multiplyType,
         options.threads, options.unverifiedKernels, options.conv}));
  manager.addNestedPass<func::FuncOp>(
      createFuseHorizontallyPass({options.fusion, options.target}));
}

static void populatePlan(OpPassManager &manager,
                         const PipelineOptions &options) {
  // Quantized convolutions have other strategies.
  manager.addNestedPass<func::FuncOp>(createQuantizeProductsPass(
      {options.target, options.winograd, options.multiplyType, options.threads,
       options.unverifiedKernels, options.conv}));
  // Autotuning runs before seg-select-strategy, which keeps existing
  // strategies.
  if (options.autotune)
    manager.addPass(createAutotuneStrategyPass(
        {options.target, options.winograd, options.multiplyType,
         options.threads, options.unverifiedKernels, options.conv,
         options.autotuneCache}));
  // Strategies are selected first: they determine the temporary memory of
  // kernels.
  manager.addNestedPass<func::FuncOp>(createSelectStrategyPass(
      {options.target, options.winograd, options.multiplyType, options.threads,
       options.unverifiedKernels, options.conv}));
  if (options.schedule)
    manager.addNestedPass<func::FuncOp>(
        createSchedulePass({options.inPlace, options.target, options.threads,
                            options.ranks, options.link}));
  // Rematerialization runs after scheduling, which saves memory at no cost.
  if (options.reuse)
    manager.addNestedPass<func::FuncOp>(createRematerializePass(
        {options.fitMemory, options.recompute, options.memoryTable,
         options.inPlace, options.target}));
  manager.addNestedPass<func::FuncOp>(
      createPlanMemoryPass({options.inPlace, options.reuse}));
}

static void populateProgram(OpPassManager &manager,
                            const PipelineOptions &options) {
  manager.addPass(createOutlineProgramsPass(
      {options.target, /*dependentLaunches=*/options.unverifiedKernels}));
  manager.addPass(createScheduleCollectivesPass(
      {options.target, options.threads, options.ranks, options.link,
       options.reduceType}));
  if (options.shardOptimizer)
    manager.addPass(createShardOptimizerPass());
}

static void populateKernels(OpPassManager &manager,
                            const PipelineOptions &options) {
  // Verification is part of this phase, not of outlining, so that it covers
  // programs of --from program.
  manager.addPass(createVerifyProgramsPass());
  manager.addPass(createEmitKernelsPass({options.target}));
}

/// An unknown target is reported by the passes of an earlier phase.
static void populateLowering(OpPassManager &manager,
                             const PipelineOptions &options) {
  llvm::Expected<Target> target = resolveTarget(options.target);
  if (target)
    target->backend->populateLowering(manager);
  else
    llvm::consumeError(target.takeError());
}

void populatePhase(OpPassManager &manager, llvm::StringRef phase,
                   const PipelineOptions &options) {
  if (phase == "seg")
    populateSeg(manager, options);
  else if (phase == "entries")
    populateEntries(manager, options);
  else if (phase == "autodiff")
    populateAutodiff(manager, options);
  else if (phase == "precision")
    populatePrecision(manager, options);
  else if (phase == "fusion")
    populateFusion(manager, options);
  else if (phase == "plan")
    populatePlan(manager, options);
  else if (phase == "program")
    populateProgram(manager, options);
  else if (phase == "kernels")
    populateKernels(manager, options);
  else if (phase == "llvm")
    populateLowering(manager, options);
}

void registerTargets() {
  registerCpuBackend();
  registerGpuBackend();
}

void registerAllDialects(DialectRegistry &registry) {
  registry.insert<exec::ExecDialect, func::FuncDialect, seg::SegDialect>();
  registerTargets();
  for (const TargetBackend *backend : targetBackends())
    backend->registerDialects(registry);
}

CompilerContext::CompilerContext(Threading threading) : MLIRContext(threading) {
  DialectRegistry registry;
  registerAllDialects(registry);
  appendDialectRegistry(registry);
  // The source line is printed instead of the op, which may be a whole network.
  printOpOnDiagnostic(false);
  loadAllAvailableDialects();
}

namespace {
struct GpuOptions : PassPipelineOptions<GpuOptions> {
  Option<std::string> chip{*this, "chip", llvm::cl::desc("Architecture"),
                           llvm::cl::init("sm_90")};
  Option<bool> unverifiedKernels{
      *this, "unverified-kernels",
      llvm::cl::desc("Allow kernels that no device has verified")};
};
} // namespace

/// Registers pipelines from seg.fusion ops to programs with kernels in the gpu
/// dialect and in NVVM.
static void registerGpuPipelines() {
  static constexpr StringLiteral names[] = {"segc-gpu", "segc-nvvm"};
  for (auto [last, name] : llvm::enumerate(names))
    PassPipelineRegistration<GpuOptions>(
        name, "Programs and kernels of a GPU from entries of seg.fusion ops",
        [last = last](OpPassManager &manager, const GpuOptions &options) {
          // The first pass reports an unknown chip.
          std::string target = (gpuBackendName + ":" + options.chip).str();
          OpPassManager &entries = manager.nest<func::FuncOp>();
          SelectStrategyPassOptions strategies{target};
          strategies.unverifiedKernels = options.unverifiedKernels;
          entries.addPass(createSelectStrategyPass(strategies));
          entries.addPass(createPlanMemoryPass());
          manager.addPass(
              createOutlineProgramsPass({target, options.unverifiedKernels}));
          manager.addPass(createEmitKernelsPass({target}));
          if (last > 0)
            populateLowerToNVVM(manager);
        });
}

void registerAllPasses() {
  registerSegcTransformsPasses();
  registerSegcAugmentPasses();
  registerSegcCodegenCommonPasses();
  registerSegcCodegenGPUPasses();
  registerSegcProgramPasses();
  registerTransformsPasses();
  registerConversionPasses();
  for (const Phase &phase : phases())
    PassPipelineRegistration<>("segc-" + phase.name.str(), phase.sentence,
                               [name = phase.name](OpPassManager &manager) {
                                 populatePhase(manager, name, {});
                               });
  registerGpuPipelines();
}

} // namespace segc
