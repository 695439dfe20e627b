//===- LayoutVerifier.h - Programs against the layout of parameters *- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H
#define SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H

#include "mlir/IR/BuiltinOps.h"

namespace segc {

/// Checks that the module's programs are the entries of a model, and that what
/// they access outside of the arena lies where `seg.layout` has it.
llvm::LogicalResult verifyLayout(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H
