//===- Layout.h - Layout of arguments and results ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_LAYOUT_H
#define SEGC_TRANSFORMS_LAYOUT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace segc {

/// Verifies `seg.layout`, which may have been edited. The manifest is written
/// from it.
llvm::LogicalResult verifyLayoutAttr(mlir::ModuleOp module);

/// Where the parameters begin that no weight decay applies to: behind all
/// others, or not at all. The layout need not be valid.
int64_t undecayedOffset(mlir::ModuleOp module);

/// Whether results with these attributes are the gradients of all parameters of
/// the layout. The layout need not be valid.
bool yieldsGradients(mlir::DictionaryAttr layout,
                     llvm::ArrayRef<mlir::Attribute> results);

} // namespace segc

#endif // SEGC_TRANSFORMS_LAYOUT_H
