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
#include "segc/Dialect/Exec/IR/ExecTypes.h.inc"
#include "segc/Dialect/Exec/IR/ExecInterfaces.h.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Exec/IR/ExecOps.h.inc"

namespace segc::exec {

/// Of a function: what a runtime knows of it, as KernelAttr.
inline constexpr llvm::StringLiteral kernelAttrName = "exec.kernel";
/// Null unless the op is a kernel.
KernelAttr kernelAttrOf(mlir::Operation *function);

/// Every flat region, and what lies in it, is a multiple of this many bytes.
inline constexpr int64_t regionAlignment = 64;

/// Where a tensor of a program lies. Null in what does not verify.
BufferAttr bufferOf(mlir::Value value);

/// Bytes of a flat region that the programs of a module access.
int64_t accessedBytes(mlir::Operation *module, Region region);
/// Bytes that each worker needs for the kernels of a program.
int64_t scratchBytes(ProgramOp program);

} // namespace segc::exec

#endif // SEGC_DIALECT_EXEC_IR_EXECDIALECT_H
