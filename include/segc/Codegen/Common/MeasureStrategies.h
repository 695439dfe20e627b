//===- MeasureStrategies.h - Measures strategies ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_MEASURESTRATEGIES_H
#define SEGC_CODEGEN_COMMON_MEASURESTRATEGIES_H

#include "segc/Target/TargetBackend.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace segc {

class ThreadPool;

/// Measures a fusion at its largest batch with each of the strategies, on all
/// threads of the pool. Returns the median seconds. A strategy that cannot be
/// emitted is an error.
llvm::Expected<std::vector<double>>
measureStrategies(seg::FusionOp fusion,
                  llvm::ArrayRef<seg::StrategyAttr> strategies,
                  const StrategyContext &context, ThreadPool &pool);

/// Index of the fastest strategy. The first wins unless another is faster by
/// more than the noise of measurements.
size_t fastestStrategy(llvm::ArrayRef<double> seconds);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_MEASURESTRATEGIES_H
