//===- PhaseForms.h - Which phase a text is after ---------------*- C++ -*-===//
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

/// Checks that the module is what the phase leaves, as far as the next phases
/// rely on it; empty for a network that has no phase behind it. The error says
/// what is otherwise, and which phases leave such text.
llvm::Error checkPhaseForm(mlir::ModuleOp module, llvm::StringRef phase);

} // namespace segc

#endif // SEGC_PIPELINES_PHASEFORMS_H
