//===- OutlinePrograms.cpp - Outlining of planned entries -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "segc/Program/Passes.h"
#include "segc/Transforms/PlanVerifier.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_OUTLINEPROGRAMSPASS
#include "segc/Program/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct OutlineProgramsPass
    : segc::impl::OutlineProgramsPassBase<OutlineProgramsPass> {
  using OutlineProgramsPassBase::OutlineProgramsPassBase;

  /// Those of every backend, too: the option is not known yet.
  void getDependentDialects(DialectRegistry &registry) const override {
    OutlineProgramsPassBase::getDependentDialects(registry);
    for (const TargetBackend *backend : targetBackends())
      backend->registerDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Target> found = resolveTarget(module, target);
    if (failed(found))
      return signalPassFailure();
    KernelTable table(module, *found);
    table.dependent = dependentLaunches;
    PrepareBuilder prepare(module, table);
    auto entries = llvm::to_vector(module.getOps<func::FuncOp>());
    // Kernels come first, then the programs.
    for (func::FuncOp entry : entries)
      if (failed(table.addKernels(entry)) || failed(verifyPlan(entry)))
        return signalPassFailure();
    for (func::FuncOp entry : entries) {
      if (failed(ProgramBuilder(entry, table, prepare).build()))
        return signalPassFailure();
      entry.erase();
    }
    prepare.build();
    buildTrainStep(module);
    kernels += table.kernelCount;
    shared += table.sharedCount;
  }
};

} // namespace
