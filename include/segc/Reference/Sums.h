//===- Sums.h - Reductions as kernels add them up ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// How far f32 may take sums of many terms: by the order in which kernels add
// them, a row of pixels after the other.

#ifndef SEGC_REFERENCE_SUMS_H
#define SEGC_REFERENCE_SUMS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/HostTensor.h"

namespace segc::reference {

/// The order and the rounding of sums over pixels.
struct SumRows {
  int64_t pixels;  ///< Added one after the other; rows are merged exactly.
  double unit;     ///< Each addition errs by up to this part of its result.
  uint64_t seed = 0;
};

/// Evaluates seg.norm_stats row by row, of each the sums of its values' and of
/// their squares' distances from its first pixel.
void evaluateStatistics(seg::NormStatsOp op, const HostTensor &input,
                        const SumRows &rows, HostTensor &mean,
                        HostTensor &rstd);

/// Makes the terms of sums over pixels, an activation's values, err by what
/// additions in rows may: all of a row and a channel alike, where they have one
/// sign, as the row's sum would.
void disturbRows(HostTensor &terms, const SumRows &rows);

} // namespace segc::reference

#endif // SEGC_REFERENCE_SUMS_H
