//===- SegDialect.h - The seg dialect and its ops ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_IR_SEGDIALECT_H
#define SEGC_DIALECT_SEG_IR_SEGDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Dialect/Seg/Interfaces/SegInterfaces.h"
#include "llvm/ADT/SetVector.h"

#include "segc/Dialect/Seg/IR/SegDialect.h.inc"
#include "segc/Dialect/Seg/IR/SegEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Seg/IR/SegAttrs.h.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegOps.h.inc"

namespace segc::seg {
/// Of any op: "f32", "f16" or "bf16". In a network it pins the op to that
/// precision; see seg-assign-precision.
inline constexpr llvm::StringLiteral precisionAttrName = "seg.precision";
/// The value, or the 16-bit value that it only widens: what a kernel that reads
/// it has in memory.
mlir::Value storedValue(mlir::Value value);
/// The ops of a seg.fusion's body that lead to the values, in program order.
llvm::SetVector<mlir::Operation *> leadingOps(mlir::ValueRange values);
/// Whether a reduction reads the operand again where its kernel has stored it.
bool readsStoredResult(mlir::OpOperand &operand);
/// Keys of the network's optimizer and pipeline that nothing reads: of a
/// pipeline only where its kind is known.
llvm::SmallVector<std::string> unknownKeys(NetworkOp network);
/// What builds the update of a network's optimizer of this kind; null if there
/// is no such kind among `optimizerKinds`.
const OptimizerOpInterface::Concept *findOptimizer(mlir::MLIRContext *context,
                                                   llvm::StringRef kind);
llvm::SmallVector<llvm::StringRef> optimizerKinds(mlir::MLIRContext *context);
/// Pins an op that stands for another, or is its gradient, as that is. An op
/// whose results are all kept wide is not pinned to 16 bits.
void inheritPrecision(mlir::Operation *from, mlir::Operation *to);
} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_SEGDIALECT_H
