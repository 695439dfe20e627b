//===- ResizeWeights.h - Weights of resampling ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Resampling and its transpose are gathers over separable tables: for each
// position of the result and dimension, which positions of the operand with
// what weights. The transpose's tables are the transposed tables, so that no
// result depends on the order of tasks.

#ifndef SEGC_CODEGEN_COMMON_RESIZEWEIGHTS_H
#define SEGC_CODEGEN_COMMON_RESIZEWEIGHTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include <vector>

namespace segc {

struct ResizeWeight {
  int64_t source;
  double weight;
};
/// For each position of one dimension, the source positions and their weights.
using ResizeWeights = std::vector<llvm::SmallVector<ResizeWeight, 4>>;

/// The weights of one dimension: src = (dst + 0.5) * in/out - 0.5, as the
/// fraction ((2 dst + 1) in - out) / (2 out): nothing is rounded before the
/// weights.
ResizeWeights resizeWeights(seg::ResizeMode mode, int64_t in, int64_t out);

/// The weights of a resize's gradient: for each source, the positions of the
/// result that read it.
ResizeWeights transpose(const ResizeWeights &table, int64_t sources);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_RESIZEWEIGHTS_H
