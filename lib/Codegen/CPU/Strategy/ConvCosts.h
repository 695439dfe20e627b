//===- ConvCosts.h - A small model of a core --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Plans are found by trying all that are possible under this model: two FMAs
// and two vector loads a cycle, FMA latency 4, filters streamed from the second
// cache level. Costs are in cycles.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H
#define SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H

#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/CPU/CpuStrategyContext.h"

namespace segc {

inline constexpr double taskOverhead = 1500;
/// Copying one vector into a tile, with the loop around it.
inline constexpr double packCycles = 2.5;
/// A row of a tile beside that.
inline constexpr double packRowCycles = 40;
/// Bias, pointwise ops and store of one vector.
inline constexpr double epilogueCycles = 3;
/// Bytes a cycle of the filter panels.
inline constexpr double panelFromL2 = 24, panelFromL3 = 10;
/// Bytes a cycle of partial sums that another core wrote.
inline constexpr double partialsFromL3 = 6;
/// Laying out one vector of a filter.
inline constexpr double filterCycles = 6;

/// Tasks that fit into the time of `tasks` equal ones: the mean for a few
/// numbers of workers.
double occupiedTasks(int64_t tasks, const CpuStrategyContext &context);

/// Cycles of an instruction that multiplies and adds.
double multiplyCycles(MultiplyType multiplyType, const CpuTarget &target);

/// Cycles of one step of a register block of `values` broadcast values and
/// `weights` vectors.
double registerBlockCycles(double values, double weights,
                           double multiplyAdd = 0.5);

/// What leaving f16 or integers adds to a register block's loop of so many
/// steps, of which each adds so many words to a sum.
double widenCycles(MultiplyType multiplyType, double sums, int64_t steps,
                   int64_t additions = 1);

/// Sizes of pieces that `size` may be cut into: multiples of `unit`, or all.
llvm::SmallVector<int64_t> pieces(int64_t size, int64_t unit);

/// Vectors of narrow results are as narrow.
int64_t lanesFor(int64_t channels, const CpuTarget &target);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H
