//===- Reproducer.h - Text that repeats a failing pass ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_REPRODUCER_H
#define SEGC_LIB_DRIVER_REPRODUCER_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Driver/CompileSession.h"
#include <optional>

namespace segc {

/// Writes a reproducer if a run of a pass manager fails, unless the failure is
/// a limit that the user set. During its lifetime the pass manager's own
/// message about the failure is suppressed.
class Reproducer : public mlir::ScopedDiagnosticHandler {
public:
  Reproducer(mlir::MLIRContext *context, const CompileOptions &options);

  mlir::ReproducerStreamFactory factory();
  /// The error of a failed pass manager, which names the reproducer. For a
  /// user's limit it is empty, and no file is kept.
  llvm::Error error(llvm::StringRef phase);

private:
  mlir::MLIRContext *context;
  std::string path;
  bool written = false;
  /// The error of the entry that exceeds a limit most.
  std::optional<mlir::Diagnostic> limit;
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_REPRODUCER_H
