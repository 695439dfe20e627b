//===- Layout.h - Where an entry's arguments and results lie ----*- C++ -*-===//
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

/// Checks `seg.layout`, from which the manifest is written: it may have been
/// edited.
llvm::LogicalResult verifyLayoutAttr(mlir::ModuleOp module);

/// Whether results of these attributes are the gradients of all parameters of
/// the layout, which may be anything.
bool yieldsGradients(mlir::DictionaryAttr layout,
                     llvm::ArrayRef<mlir::Attribute> results);

} // namespace segc

#endif // SEGC_TRANSFORMS_LAYOUT_H
