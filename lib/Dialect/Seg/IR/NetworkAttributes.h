//===- NetworkAttributes.h - Names and values of a network ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DIALECT_SEG_IR_NETWORKATTRIBUTES_H
#define SEGC_LIB_DIALECT_SEG_IR_NETWORKATTRIBUTES_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc::seg {

/// Verifies the name of a parameter or state, which manifests and safetensors
/// files contain.
llvm::LogicalResult verifyName(mlir::Operation *op, llvm::StringRef name);
/// Verifies the initial value of a parameter or state.
llvm::LogicalResult verifyInitialValue(mlir::Operation *op,
                                       const llvm::APFloat &value);
/// Verifies the number of classes and the batch.
llvm::LogicalResult verifyClasses(NetworkOp network);
/// Verifies the names of the network and its results, `optimizer` and
/// `pipeline`.
llvm::LogicalResult verifyAttributes(NetworkOp network);

} // namespace segc::seg

#endif // SEGC_LIB_DIALECT_SEG_IR_NETWORKATTRIBUTES_H
