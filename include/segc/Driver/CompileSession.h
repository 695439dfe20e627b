//===- CompileSession.h - Compilation of a network --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_COMPILESESSION_H
#define SEGC_DRIVER_COMPILESESSION_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Driver/Fuel.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Target/TargetBackend.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/SourceMgr.h"
#include <string>
#include <vector>

namespace segc {

/// The options of `segc compile`.
struct CompileOptions {
  std::string input;   ///< Path of the input, or the name of `text`.
  std::string text;    ///< The text of the input, if not empty.
  std::string output;  ///< Path of the .so or of the text of `emit`; "-" is
                       ///< stdout.
  std::string emit;    ///< Phase, "asm", or what the target calls its lowered
                       ///< kernels or their text; empty: link a model.
  std::string from;    ///< Phase that the input has already passed.
  std::string dumpTo;  ///< Directory for the IR after every phase.
  std::string remarks; ///< YAML file.
  std::string report; ///< Path (.html, .txt or .json) of the report of plan and
                      ///< kernels.
  /// Devices for which the report predicts the times of kernels.
  std::vector<std::string> devices;
  /// Count for them what emulated kernels read and write.
  bool countBytes = false;
  std::vector<std::string> profiles; ///< Measured times for the report.
  std::string weights;               ///< safetensors to embed.
  std::string pipelineKeys;          ///< JSON; empty: none are set.
  /// Backends, each with ":version", ":native" or all its versions; empty: the
  /// first one.
  std::vector<std::string> targets;
  std::vector<std::string> cpus; ///< Versions of the CPU; empty: all; "native".
  unsigned optLevel = 2;         ///< LLVM's optimization level, 0 to 3.
  bool assemble = true; ///< Run a target's assembler where there is one.
  unsigned jobs = 0;    ///< Threads of code generation; 0: all cores.
  std::vector<std::string> plugins; ///< Libraries with passes.
  /// Passes that run after a phase: (phase, text of a pass pipeline).
  std::vector<std::pair<std::string, std::string>> insertedPasses;
  int64_t deviceMemory = -1; ///< Bytes that a device has; -1: unknown.
  FuelLimits fuel;
  PipelineOptions pipeline;
  /// The options of the command line as text, which the model records.
  std::vector<std::string> recorded;
};

/// Compiles a model. Errors are printed as MLIR diagnostics or returned.
llvm::Error compile(const CompileOptions &options);

/// Reads a module; diagnostics go to stderr with the source line.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
readModule(mlir::MLIRContext &context, llvm::StringRef path);

/// Parses the text of the options, or their input file where they have none.
/// Diagnostics go to the context's handler; `sources` owns the text of a file.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseInput(mlir::MLIRContext &context, llvm::SourceMgr &sources,
           const CompileOptions &options);

/// Runs the phases [first, last] with the passes inserted after them, and dumps
/// the IR if `dumpTo` is set. A failure writes a reproducer beside the output;
/// the error names it.
llvm::Error runPhases(mlir::ModuleOp module, size_t first, size_t last,
                      const CompileOptions &options,
                      const PipelineOptions &pipeline);

/// Calls `visit` for each version that the options ask for, with the module
/// after the phase `program` and the module that it was compiled from: the
/// module after the phase `fusion`, or the input if that is text of a later
/// phase.
llvm::Error forEachProgram(
    mlir::MLIRContext &context, const CompileOptions &options,
    llvm::function_ref<llvm::Error(mlir::ModuleOp programs, const Target &,
                                   mlir::ModuleOp source)>
        visit);

/// Runs the phases after `program` on a module, with the options of the
/// version.
llvm::Error emitKernelCode(mlir::ModuleOp programs,
                           const CompileOptions &options, const Target &target);

/// The versions of the targets: those of a backend follow one another, the best
/// first. A backend without a named version has all that differ for the
/// precision of the options.
llvm::Expected<std::vector<Target>>
resolveTargets(const CompileOptions &options);

/// Whether the options name the version of this machine.
bool isForThisMachine(const CompileOptions &options);

/// The pipeline options for all versions of a backend.
PipelineOptions pipelineFor(const TargetBackend &backend,
                            const CompileOptions &options);
/// The pipeline options for one target. For this machine kernels are cut for
/// the number of its cores, unless the options give a number of threads.
PipelineOptions pipelineFor(const Target &target,
                            const CompileOptions &options);

/// Checks that kernels of this precision exist.
llvm::Error checkPrecision(const PipelineOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_COMPILESESSION_H
