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

/// Of one run of a pass manager: a file, if it can be written and the failure
/// is not a limit that the user set. While this lives, the pass manager's own
/// message about a failure is not printed: one error is enough.
class Reproducer : public mlir::ScopedDiagnosticHandler {
public:
  Reproducer(mlir::MLIRContext *context, const CompileOptions &options);

  mlir::ReproducerStreamFactory factory();
  /// What is to be said when the pass manager has failed; no text stays of a
  /// limit.
  llvm::Error error(llvm::StringRef phase);

private:
  mlir::MLIRContext *context;
  std::string path;
  bool written = false;
  /// Of several entries that exceed a limit, the error of the one that needs
  /// most.
  std::optional<mlir::Diagnostic> limit;
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_REPRODUCER_H
