//===- ConvStrategyLimits.h - Sizes that a strategy may have ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONVSTRATEGYLIMITS_H
#define SEGC_LIB_CODEGEN_CPU_CONVSTRATEGYLIMITS_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/NarrowStrategy.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

namespace segc {

// Fail with an error on `op` that names the entry of a plan which is larger
// than what it is a part of, or than code can be made for. A strategy may be
// written by hand.

llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const ConvPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const FilterGradPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const WinogradPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const WinogradFilterGradPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const NarrowPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const GroupedPlan &plan);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const GroupedFilterGradPlan &plan);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONVSTRATEGYLIMITS_H
