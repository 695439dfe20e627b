//===- Casts.h - What fusion makes of casts ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A cast is no work of a kernel's own: 16-bit memory is widened as it is
// loaded, and what is stored is rounded. It belongs to whoever reads it, or to
// whose result it rounds.

#ifndef SEGC_LIB_TRANSFORMS_FUSION_CASTS_H
#define SEGC_LIB_TRANSFORMS_FUSION_CASTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Gives every op that reads a widened value a cast of its own.
void copyReads(mlir::Block &block);

/// Whether the op is such a cast.
bool isRead(mlir::Operation *op);

/// Whether the op rounds the only use of a root's result, which every kernel
/// can as it stores it, if its results may be of 16 bits at all.
bool isRounding(mlir::Operation *op, mlir::Operation *root);

/// The uses of an op's results; in the place of such a cast, its uses.
llvm::SmallVector<mlir::OpOperand *> readingUses(mlir::Operation *op);

/// Removes pairs of casts from a kernel's body. A value of 16 bits that one
/// kernel makes and reads, and that no other sees, never lies in memory:
/// rounding it would cost time and digits for nothing. Returns how many there
/// were.
int64_t dropRoundings(mlir::Block &body);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_FUSION_CASTS_H
