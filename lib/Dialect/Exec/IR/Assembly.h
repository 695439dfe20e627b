//===- Assembly.h - Custom syntax of the exec dialect -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DIALECT_EXEC_IR_ASSEMBLY_H
#define SEGC_LIB_DIALECT_EXEC_IR_ASSEMBLY_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"

namespace segc::exec {

/// Parses `inputs[0] : tensor<4xf32>` or `arena + 64 : tensor<4xf32>`.
BufferAttr parseBufferText(mlir::AsmParser &parser);
void printBufferText(mlir::AsmPrinter &printer, BufferAttr buffer);

// Custom directives of the assembly formats in ExecOps.td.
using Operands = llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand>;
using Types = llvm::SmallVectorImpl<mlir::Type>;
mlir::ParseResult parseReads(mlir::OpAsmParser &parser, Operands &values,
                             Types &types);
void printReads(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                mlir::ValueRange values, mlir::TypeRange types);
mlir::ParseResult parseRead(mlir::OpAsmParser &parser,
                            mlir::OpAsmParser::UnresolvedOperand &value,
                            mlir::Type &type);
void printRead(mlir::OpAsmPrinter &printer, mlir::Operation *op,
               mlir::Value value, mlir::Type type);
mlir::ParseResult parseBuffers(mlir::OpAsmParser &parser,
                               mlir::ArrayAttr &buffers, Types &types);
void printBuffers(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                  mlir::ArrayAttr buffers, mlir::TypeRange types);
mlir::ParseResult parseBuffer(mlir::OpAsmParser &parser,
                              mlir::ArrayAttr &buffers, mlir::Type &type);
void printBuffer(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                 mlir::ArrayAttr buffers, mlir::Type type);
mlir::ParseResult parseTemporaries(mlir::OpAsmParser &parser,
                                   mlir::ArrayAttr &buffers);
void printTemporaries(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                      mlir::ArrayAttr buffers);
mlir::ParseResult parseNamedValues(mlir::OpAsmParser &parser, Operands &values,
                                   Types &types, mlir::ArrayAttr &names);
void printNamedValues(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                      mlir::ValueRange values, mlir::TypeRange types,
                      mlir::ArrayAttr names);

} // namespace segc::exec

#endif // SEGC_LIB_DIALECT_EXEC_IR_ASSEMBLY_H
