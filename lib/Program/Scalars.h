//===- Scalars.h - Scalars of a call by name and place ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_SCALARS_H
#define SEGC_LIB_PROGRAM_SCALARS_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"

namespace segc {

/// Where the scalar of that name lies in `segc_scalars`, and its type. Null if
/// a call has none of that name.
exec::BufferAttr scalarBuffer(mlir::MLIRContext *context, llvm::StringRef name);

/// Whether a scalar of that type lies there.
bool isScalarBuffer(exec::BufferAttr buffer);

/// The names of the operands of exec.advance_scalars behind `finite`, in their
/// order.
llvm::ArrayRef<llvm::StringLiteral> advancedScalarNames();

/// Ends the program with exec.advance_scalars, and returns what that writes,
/// if the program returns `finite`: whether the gradients were finite.
void addAdvanceScalars(exec::ProgramOp program);

/// exec.advance_scalars takes the scalars that it is named for, and programs
/// that end a step have one.
llvm::LogicalResult verifyAdvanceScalars(exec::ProgramOp program);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_SCALARS_H
