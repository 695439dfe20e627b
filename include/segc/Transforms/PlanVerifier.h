//===- PlanVerifier.h - Whether a plan is complete --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PLANVERIFIER_H
#define SEGC_TRANSFORMS_PLANVERIFIER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace segc {

/// Checks that an entry is a list of fusions with places for what they write.
/// Whether the places are right is seen of the program that it becomes.
llvm::LogicalResult verifyPlan(mlir::func::FuncOp entry);

} // namespace segc

#endif // SEGC_TRANSFORMS_PLANVERIFIER_H
