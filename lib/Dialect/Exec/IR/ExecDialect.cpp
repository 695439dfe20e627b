//===- ExecDialect.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Exec/IR/ExecDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "segc/Dialect/Exec/IR/ExecDialect.cpp.inc"
#include "segc/Dialect/Exec/IR/ExecEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Exec/IR/ExecAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "segc/Dialect/Exec/IR/ExecInterfaces.cpp.inc"
#include "segc/Dialect/Exec/IR/ExecTypes.cpp.inc"

void segc::exec::ExecDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "segc/Dialect/Exec/IR/ExecAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "segc/Dialect/Exec/IR/ExecTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "segc/Dialect/Exec/IR/ExecOps.cpp.inc"
      >();
}
