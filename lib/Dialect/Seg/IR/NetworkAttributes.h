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

/// Of a parameter or state: text that a manifest and a safetensors file hold.
llvm::LogicalResult verifyName(mlir::Operation *op, llvm::StringRef name);
/// What a parameter or state starts from.
llvm::LogicalResult verifyInitialValue(mlir::Operation *op,
                                       const llvm::APFloat &value);
/// The number of classes and the batch.
llvm::LogicalResult verifyClasses(NetworkOp network);
/// The names of the network and its results, `optimizer` and `pipeline`.
llvm::LogicalResult verifyAttributes(NetworkOp network);

} // namespace segc::seg

#endif // SEGC_LIB_DIALECT_SEG_IR_NETWORKATTRIBUTES_H
