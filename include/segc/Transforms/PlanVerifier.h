//===- PlanVerifier.h - Verifier of planned entries -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PLANVERIFIER_H
#define SEGC_TRANSFORMS_PLANVERIFIER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace segc {

/// Verifies that an entry is a list of fusions with buffers for their results.
/// The verifier of its program checks the buffers themselves.
llvm::LogicalResult verifyPlan(mlir::func::FuncOp entry);

} // namespace segc

#endif // SEGC_TRANSFORMS_PLANVERIFIER_H
