//===- LayoutVerifier.h - Programs against the layout of parameters *- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H
#define SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H

#include "mlir/IR/BuiltinOps.h"

namespace segc {

/// Verifies that the programs of the module are entries of a model, and that
/// their buffers outside the arena agree with `seg.layout`.
llvm::LogicalResult verifyLayout(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_LAYOUTVERIFIER_H
