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
#include "segc/Dialect/Seg/Interfaces/SegInterfaces.h"

#include "segc/Dialect/Seg/IR/SegDialect.h.inc"
#include "segc/Dialect/Seg/IR/SegEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Seg/IR/SegAttrs.h.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegOps.h.inc"

#endif // SEGC_DIALECT_SEG_IR_SEGDIALECT_H
