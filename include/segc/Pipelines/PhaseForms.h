//===- PhaseForms.h - Checks of a module's phase ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PIPELINES_PHASEFORMS_H
#define SEGC_PIPELINES_PHASEFORMS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace segc {

/// Checks that the module has the form that the phase produces, as far as later
/// phases rely on it. `phase` is empty for a network. The error names the
/// difference and the phases that produce such a module.
llvm::Error checkPhaseForm(mlir::ModuleOp module, llvm::StringRef phase);

} // namespace segc

#endif // SEGC_PIPELINES_PHASEFORMS_H
