//===- Casts.h - Casts in fusions -------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Casts cost no kernel: 16-bit memory is widened on load, and results are
// rounded on store. A cast is fused with the op that reads it or whose result
// it rounds.

#ifndef SEGC_LIB_TRANSFORMS_FUSION_CASTS_H
#define SEGC_LIB_TRANSFORMS_FUSION_CASTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Clones widening casts for each op that reads them.
void copyReads(mlir::Block &block);

/// Whether the op is a widening cast that a kernel reads.
bool isRead(mlir::Operation *op);

/// Whether the op rounds the result of a root to 16 bits and is its only use.
/// Every kernel whose results may have 16 bits can round on store.
bool isRounding(mlir::Operation *op, mlir::Operation *root);

/// The uses of an op's results. Widening casts are replaced by their uses.
llvm::SmallVector<mlir::OpOperand *> readingUses(mlir::Operation *op);

/// Removes pairs of rounding and widening casts from a kernel's body. A 16-bit
/// value that only its own kernel reads is never in memory, so rounding it
/// would cost time and accuracy for nothing. Returns the number of removed
/// pairs.
int64_t dropRoundings(mlir::Block &body);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_FUSION_CASTS_H
