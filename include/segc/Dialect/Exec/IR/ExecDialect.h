//===- ExecDialect.h - The exec dialect and its ops -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_EXEC_IR_EXECDIALECT_H
#define SEGC_DIALECT_EXEC_IR_EXECDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "segc/Dialect/Exec/IR/ExecDialect.h.inc"
#include "segc/Dialect/Exec/IR/ExecEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Exec/IR/ExecAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "segc/Dialect/Exec/IR/ExecInterfaces.h.inc"
#include "segc/Dialect/Exec/IR/ExecTypes.h.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Exec/IR/ExecOps.h.inc"

namespace segc::exec {

/// Name of the KernelAttr that makes a function a kernel.
inline constexpr llvm::StringLiteral kernelAttrName = "exec.kernel";
/// The KernelAttr of a function; null if it is no kernel.
KernelAttr kernelAttrOf(mlir::Operation *function);

/// Alignment in bytes of every flat region and of the values in it.
inline constexpr int64_t regionAlignment = 64;

/// The buffer of a tensor of a program; null in invalid IR.
BufferAttr bufferOf(mlir::Value value);

/// Bytes of a flat region that the programs of a module access.
int64_t accessedBytes(mlir::Operation *module, Region region);
/// Bytes that each worker needs for the kernels of a program.
int64_t scratchBytes(ProgramOp program);

} // namespace segc::exec

#endif // SEGC_DIALECT_EXEC_IR_EXECDIALECT_H
