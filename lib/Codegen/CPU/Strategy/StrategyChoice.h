//===- StrategyChoice.h - What strategy passes share ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_STRATEGY_STRATEGYCHOICE_H
#define SEGC_LIB_CODEGEN_CPU_STRATEGY_STRATEGYCHOICE_H

#include "segc/Codegen/CPU/CpuKernels.h"

namespace segc {

/// Of the options of a pass; an error on `op` for those that are not known.
mlir::FailureOr<CpuStrategyContext>
cpuStrategyContext(mlir::Operation *op, llvm::StringRef cpu,
                   llvm::StringRef winograd, llvm::StringRef multiplyType,
                   int64_t threads);

/// Whether the prepared operand of the fusion's root is a parameter that no
/// step of this entry changes: what is laid out once stays true.
bool readsConstantFilter(seg::FusionOp fusion);

/// The context of one of an entry's fusions.
CpuStrategyContext contextOfFusion(seg::FusionOp fusion,
                                   CpuStrategyContext context);

/// Strategies that can be emitted for a convolution, whatever they cost: of
/// every kind, product and size of Winograd tiles. None for other roots.
llvm::SmallVector<mlir::DictionaryAttr>
allConvStrategies(seg::FusionOp fusion, const CpuStrategyContext &context);

/// Whether the first launch of a strategy moves to the entry `prepare`.
bool isPrepared(mlir::DictionaryAttr strategy,
                const CpuStrategyContext &context);

/// Gives the fusion the strategy, marked `prepared` where it is.
void setCpuStrategy(seg::FusionOp fusion, mlir::DictionaryAttr strategy,
                    const CpuStrategyContext &context);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_STRATEGY_STRATEGYCHOICE_H
