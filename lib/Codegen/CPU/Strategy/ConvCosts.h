//===- ConvCosts.h - Cost model of a core -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Tilings are selected by exhaustive search with this cost model: two FMAs and
// two vector loads per cycle, FMA latency 4, filters streamed from the L2
// cache. Costs are in cycles.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H
#define SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H

#include "segc/Codegen/CPU/CpuStrategyContext.h"
#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

inline constexpr double taskOverhead = 1500;
/// Packing one vector into a tile, with the loop around it.
inline constexpr double packCycles = 2.5;
/// Overhead of packing a row of a tile.
inline constexpr double packRowCycles = 40;
/// Epilogue of one vector: bias, pointwise ops and store.
inline constexpr double epilogueCycles = 3;
/// Bytes per cycle of loading filter panels.
inline constexpr double panelFromL2 = 24, panelFromL3 = 10;
/// Bytes per cycle of loading partial sums that another core wrote.
inline constexpr double partialsFromL3 = 6;
/// Packing one vector of a filter.
inline constexpr double filterCycles = 6;

/// Returns `tasks`, rounded up to a multiple of the number of workers, because
/// all wait for the slowest. The mean over a few numbers of workers is taken.
double occupiedTasks(int64_t tasks, const CpuStrategyContext &context);

/// Returns the cycles of a multiply-add instruction.
double multiplyCycles(MultiplyType multiplyType, const CpuTarget &target);

/// Returns the cycles of one step of a register block with `values` broadcast
/// values and `weights` vectors.
double registerBlockCycles(double values, double weights,
                           double multiplyAdd = 0.5);

/// Returns the cycles to convert the sums of chains in f16 or integers to f32,
/// for a register block with `sums` sums and a loop of `steps` steps. Each step
/// adds `additions` words to a sum.
double widenCycles(MultiplyType multiplyType, double sums, int64_t steps,
                   int64_t additions = 1);

/// Returns the tile sizes to try for a dimension of `size`: multiples of
/// `unit`, or `size` itself.
llvm::SmallVector<int64_t> pieces(int64_t size, int64_t unit);

/// Returns the lanes of vectors along `channels`: fewer than the target's if
/// there are few channels.
int64_t lanesFor(int64_t channels, const CpuTarget &target);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_STRATEGY_CONVCOSTS_H
