//===- ConvStrategyLimits.h - Limits of strategy parameters -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVSTRATEGYLIMITS_H
#define SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVSTRATEGYLIMITS_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

namespace segc {

// These emit an error on `op` if a parameter of the tiling exceeds the
// problem's sizes or would make the code too large. A strategy may be written
// by hand.

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
