//===- ReductionTiles.h - What reductions add up in a row -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_REDUCTIONTILES_H
#define SEGC_CODEGEN_CPU_REDUCTIONTILES_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// The most pixels that a task adds up in f32, one after the other, for a
/// reduction of a tensor of this type in the fusion. What tasks leave is merged
/// in f64.
int64_t reductionTilePixels(seg::FusionOp fusion,
                            mlir::RankedTensorType reduced);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_REDUCTIONTILES_H
