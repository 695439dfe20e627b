//===- Ports.h - Values that may be of 16 bits ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_PRECISION_PORTS_H
#define SEGC_LIB_TRANSFORMS_PRECISION_PORTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Whether mixed precision may store an op's result in 16 bits. Arguments and
/// results of the function keep their types, which are the interface of the
/// model.
inline bool mayBeNarrow(mlir::OpResult result) {
  auto interface = llvm::dyn_cast<seg::PrecisionOpInterface>(result.getOwner());
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(result.getType());
  return interface && type && type.getElementType().isF32() &&
         !interface.keepsResultWide(result.getResultNumber()) &&
         llvm::none_of(result.getUsers(), [](mlir::Operation *user) {
           return user->hasTrait<mlir::OpTrait::IsTerminator>();
         });
}

/// Ops that read the value, each once.
inline llvm::SmallVector<mlir::Operation *> readers(mlir::Value value) {
  llvm::SmallVector<mlir::Operation *> ops(value.getUsers());
  llvm::sort(ops, [](mlir::Operation *a, mlir::Operation *b) {
    return a->isBeforeInBlock(b);
  });
  ops.erase(llvm::unique(ops), ops.end());
  return ops;
}

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_PRECISION_PORTS_H
