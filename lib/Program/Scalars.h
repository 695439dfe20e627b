//===- Scalars.h - Scalars of a call ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_SCALARS_H
#define SEGC_LIB_PROGRAM_SCALARS_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"

namespace segc {

/// The buffer of the scalar of this name in `segc_scalars`; null if there is
/// none.
exec::BufferAttr scalarBuffer(mlir::MLIRContext *context, llvm::StringRef name);

/// Whether the buffer is a scalar of its type in `segc_scalars`.
bool isScalarBuffer(exec::BufferAttr buffer);

/// The names of the operands of exec.advance_scalars after `finite`, in order.
llvm::ArrayRef<llvm::StringLiteral> advancedScalarNames();

/// If the program returns `finite` (whether the gradients are finite), appends
/// exec.advance_scalars and returns its results from the program.
void addAdvanceScalars(exec::ProgramOp program);

/// Verifies that the operands of exec.advance_scalars are the scalars of their
/// names, and that programs that end a step have the op.
llvm::LogicalResult verifyAdvanceScalars(exec::ProgramOp program);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_SCALARS_H
