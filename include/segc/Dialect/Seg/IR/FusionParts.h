//===- FusionParts.h - Parts of fusions without a root ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The ops of a seg.fusion without a root may fall into parts that no value
// connects. A kernel computes them at any time after or before each other.

#ifndef SEGC_DIALECT_SEG_IR_FUSIONPARTS_H
#define SEGC_DIALECT_SEG_IR_FUSIONPARTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc::seg {

/// Ops in their order.
using FusionPart = llvm::SetVector<mlir::Operation *>;

/// The parts of a fusion without a root, in the order of their first ops. Ops
/// that no result depends on are in none.
llvm::SmallVector<FusionPart> fusionParts(FusionOp fusion);

/// Whether a kernel of the fusion reads each element of the input before it
/// writes the same element of the result: they may share a buffer.
bool readsBeforeWriting(FusionOp fusion, unsigned input, unsigned result);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_FUSIONPARTS_H
