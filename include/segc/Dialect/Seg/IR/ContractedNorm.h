//===- ContractedNorm.h - Normalisations in one step ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_IR_CONTRACTEDNORM_H
#define SEGC_DIALECT_SEG_IR_CONTRACTEDNORM_H

#include "mlir/IR/Builders.h"

namespace segc::seg {

/// Emits an op that applies a normalisation, x * (rstd * gamma) + (beta - mean
/// * rstd * gamma), with the elements `args` of its operands: one multiply-add
/// of what does not depend on the pixel. Null for other ops. Where the mean is
/// far larger than the deviation, this is less accurate than emitPoint.
mlir::Value emitContractedNorm(mlir::Operation *op, mlir::OpBuilder &b,
                               mlir::Location loc, mlir::ValueRange args);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_CONTRACTEDNORM_H
