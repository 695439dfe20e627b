//===- Sums.h - Reductions as kernels add them up ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Rounding errors of long f32 sums, in the order in which kernels add: one row
// of pixels after the other.

#ifndef SEGC_REFERENCE_SUMS_H
#define SEGC_REFERENCE_SUMS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/HostTensor.h"

namespace segc::reference {

/// The order and the rounding of sums over pixels.
struct SumRows {
  int64_t pixels; ///< Pixels of a row, added sequentially; rows are merged
                  ///< exactly.
  double unit;    ///< Largest relative error of an addition.
  uint64_t seed = 0;
};

/// Evaluates seg.norm_stats row by row, from the sums of the differences to the
/// row's first pixel and of their squares.
void evaluateStatistics(seg::NormStatsOp op, const HostTensor &input,
                        const SumRows &rows, HostTensor &mean,
                        HostTensor &rstd);

/// Perturbs the terms of sums over pixels by the error that additions in rows
/// may have: all terms of a row and channel by the same factor where they have
/// the same sign, as the row's sum would be.
void disturbRows(HostTensor &terms, const SumRows &rows);

} // namespace segc::reference

#endif // SEGC_REFERENCE_SUMS_H
