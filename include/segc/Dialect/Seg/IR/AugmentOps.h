//===- AugmentOps.h - Ops of augmentation -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A header of its own, because nothing but augmentation needs these ops.

#ifndef SEGC_DIALECT_SEG_IR_AUGMENTOPS_H
#define SEGC_DIALECT_SEG_IR_AUGMENTOPS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

#include "segc/Dialect/Seg/IR/SegAugmentEnums.h.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegAugmentOps.h.inc"

namespace segc::seg {

/// Places in a row of the results of seg.channel_statistics. What is drawn has
/// the places of Plan/AugmentEntry.h.
namespace statistic {
inline constexpr int64_t mean = 0, deviation = 1, low = 2, high = 3, count = 4;
} // namespace statistic

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_AUGMENTOPS_H
