//===- CompileSession.h - From a .mlir file to a model ----------*- C++ -*-===//
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
#include <string>
#include <vector>

namespace segc {

/// `segc compile`'s options.
struct CompileOptions {
  std::string input; ///< File; or the name of `text`.
  std::string text;  ///< The input itself, if not empty.
  std::string output;  ///< .so; or the text of `emit`, "-" for stdout.
  std::string emit;    ///< Phase, or "asm"; empty: link a model.
  std::string from;    ///< Phase that the input is already in.
  std::string dumpTo;  ///< Directory for the IR after every phase.
  std::string remarks; ///< YAML file.
  std::string report;  ///< .html or .json: plan and kernels.
  std::vector<std::string> profiles; ///< Measured times for the report.
  std::string weights;               ///< safetensors to embed.
  std::vector<std::string> cpus;     ///< Versions; empty: all; "native".
  std::string target = "cpu";
  unsigned optLevel = 2; ///< LLVM's, 0 to 3.
  unsigned jobs = 0; ///< Threads of code generation; 0: all cores.
  std::vector<std::string> plugins; ///< Libraries with passes.
  /// Passes that run after a phase: (phase, text of a pass pipeline).
  std::vector<std::pair<std::string, std::string>> insertedPasses;
  FuelLimits fuel;
  PipelineOptions pipeline;
  /// Those of these options that were given on a command line, as they were,
  /// for the model to say.
  std::vector<std::string> recorded;
};

/// Compiles; errors were printed through MLIR's diagnostics or are returned.
llvm::Error compile(const CompileOptions &options);

/// Reads a module; diagnostics go to stderr with the source line.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
readModule(mlir::MLIRContext &context, llvm::StringRef path);

/// Runs phases [first, last] and what is inserted after them, dumping each
/// where asked. On failure a reproducer is written beside the output and named
/// in the message.
llvm::Error runPhases(mlir::ModuleOp module, size_t first, size_t last,
                      const CompileOptions &options,
                      const PipelineOptions &pipeline);

/// Calls `visit` with a module that the phase `program` left, for each version
/// that the options ask for, and with the module that it was made of: after the
/// phase `fusion`, or the input if that is text of a later phase.
llvm::Error forEachProgram(
    mlir::MLIRContext &context, const CompileOptions &options,
    llvm::function_ref<llvm::Error(mlir::ModuleOp programs, const Target &,
                                   mlir::ModuleOp source)>
        visit);

/// Leads a module that the phase `program` left on to its kernels, as the
/// options say for the version.
llvm::Error emitKernelCode(mlir::ModuleOp programs,
                           const CompileOptions &options,
                           const Target &target);

/// Versions of the target of this name, best first; no versions mean all that
/// make a difference to the options' precision; "native" is the host's.
llvm::Expected<std::vector<Target>>
resolveTargets(const std::string &name,
               const std::vector<std::string> &versions,
               const PipelineOptions &options);

/// `options` for one of these targets. What is compiled for "native" is cut for
/// the cores of this machine, unless options name a number of threads.
PipelineOptions pipelineFor(const Target &target,
                            const std::vector<std::string> &names,
                            PipelineOptions options);

/// Whether kernels have this precision.
llvm::Error checkPrecision(const PipelineOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_COMPILESESSION_H
