//===- ConvStrategyLimits.h - Sizes that a strategy may have ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVSTRATEGYLIMITS_H
#define SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVSTRATEGYLIMITS_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

namespace segc {

// Fail with an error on `op` that names the entry of a tiling which is larger
// than what it is a part of, or than code can be made for. A strategy may be
// written by hand.

llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const ConvTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const FilterGradTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const WinogradTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const WinogradFilterGradTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const FewChannelsTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const GroupedTiling &tiling);
llvm::LogicalResult checkLimits(mlir::Operation *op, const ConvProblem &problem,
                                const GroupedFilterGradTiling &tiling);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVSTRATEGYLIMITS_H
