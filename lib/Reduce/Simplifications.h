//===- Simplifications.h - Steps to a simpler network -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REDUCE_SIMPLIFICATIONS_H
#define SEGC_LIB_REDUCE_SIMPLIFICATIONS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Changes the network; false where it does not apply. What the change leaves
/// need not verify: whoever tries it asks.
using Simplification = std::function<bool(seg::NetworkOp)>;

/// Those that a network of this many ops may admit, the largest cuts first.
/// Ops are told by their place, so that each can be tried on a copy.
std::vector<Simplification> simplifications(seg::NetworkOp network);

/// Erases what no output of the objective needs, heads included.
void eraseUnused(seg::NetworkOp network);

/// Gives every value the type that follows from the image's and the filters'
/// output channels; parameters follow their users.
void inferTypes(seg::NetworkOp network,
                const llvm::DenseMap<mlir::Value, mlir::RankedTensorType> &old);

} // namespace segc

#endif // SEGC_LIB_REDUCE_SIMPLIFICATIONS_H
