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
/// Name of an attribute of any op: "f32", "tf32", "f16" or "bf16". In a network
/// it pins the op to that precision; see seg-assign-precision.
inline constexpr llvm::StringLiteral precisionAttrName = "seg.precision";
/// The value that a kernel loads: the operand of a widening seg.cast, otherwise
/// the value itself.
mlir::Value storedValue(mlir::Value value);
/// The backward slice of the values within a seg.fusion's body, in program
/// order.
llvm::SetVector<mlir::Operation *> leadingOps(mlir::ValueRange values);
/// Whether a reduction reads the operand from memory after its kernel has
/// stored it.
bool readsStoredResult(mlir::OpOperand &operand);
/// Unknown keys of the network's optimizer and pipeline. A pipeline of an
/// unknown kind has none.
llvm::SmallVector<std::string> unknownKeys(NetworkOp network);
/// The interface of the optimizer of this kind, which builds its update; null
/// if `optimizerKinds` has no such kind.
const OptimizerOpInterface::Concept *findOptimizer(mlir::MLIRContext *context,
                                                   llvm::StringRef kind);
llvm::SmallVector<llvm::StringRef> optimizerKinds(mlir::MLIRContext *context);
/// Pins an op to the precision of the op that it replaces or is the gradient
/// of. An op whose results must all stay in f32 is not pinned to 16 bits, one
/// without products not to tf32.
void inheritPrecision(mlir::Operation *from, mlir::Operation *to);
} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_SEGDIALECT_H
