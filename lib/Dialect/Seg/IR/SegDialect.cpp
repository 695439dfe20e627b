//===- SegDialect.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "segc/Dialect/Seg/IR/SegDialect.cpp.inc"
#include "segc/Dialect/Seg/IR/SegEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "segc/Dialect/Seg/IR/SegAttrs.cpp.inc"
#include "segc/Dialect/Seg/Interfaces/SegInterfaces.cpp.inc"

void segc::seg::SegDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "segc/Dialect/Seg/IR/SegAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "segc/Dialect/Seg/IR/SegOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegOps.cpp.inc"
