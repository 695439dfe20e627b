//===- PhaseRuns.h - Phases of a compilation --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs the phases on a module, for each target, with the passes that options
// insert and what they dump.

#ifndef SEGC_LIB_DRIVER_PHASERUNS_H
#define SEGC_LIB_DRIVER_PHASERUNS_H

#include "Outputs.h"
#include "segc/Driver/CompileSession.h"

namespace segc {

/// Writes the module as text.
llvm::Error printModule(mlir::ModuleOp module, llvm::StringRef path);

/// The input files of a compilation.
std::vector<NamedFile> inputsOf(const CompileOptions &options);

/// Its output files.
std::vector<NamedFile> outputsOf(const CompileOptions &options);

/// Fails if there is neither a file for a model nor a phase to print.
llvm::Error checkDestination(const CompileOptions &options);

/// Registers the passes by name, for --run-after.
llvm::Error registerPasses(const CompileOptions &options);

/// Sets options that follow from others.
CompileOptions completed(CompileOptions options);

/// The number of phases that the input has passed.
llvm::Expected<size_t> phasesDone(mlir::ModuleOp module,
                                  const CompileOptions &options);

/// Runs the phases from `done` to `program`. Plans and programs may have been
/// edited by hand or by passes, so they are verified first.
llvm::Error runToProgram(mlir::ModuleOp module, size_t done,
                         const CompileOptions &options,
                         const PipelineOptions &pipeline);

/// Runs the phases up to `plan`, and verifies the programs that would follow.
llvm::Error runToPlan(mlir::ModuleOp module, size_t done,
                      const CompileOptions &options,
                      const PipelineOptions &pipeline);

/// The last phase before code generation, which itself lowers to the LLVM
/// dialect.
size_t lastPhase(const CompileOptions &options);

/// Takes the precision from the text of --from, which was compiled for it.
void adoptPrecision(mlir::ModuleOp module, size_t done,
                    PipelineOptions &pipeline);

/// Runs the phases that all targets share on the module, and `fusion` on a copy
/// for each backend; calls `visit` with the copy and the number of phases done.
llvm::Error forEachTarget(
    mlir::ModuleOp module, size_t done, llvm::ArrayRef<Target> targets,
    const CompileOptions &options,
    llvm::function_ref<llvm::Error(mlir::ModuleOp, size_t, const Target &)>
        visit);

} // namespace segc

#endif // SEGC_LIB_DRIVER_PHASERUNS_H
