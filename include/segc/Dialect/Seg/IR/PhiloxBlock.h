//===- PhiloxBlock.h - Blocks of random words in kernels --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_IR_PHILOXBLOCK_H
#define SEGC_DIALECT_SEG_IR_PHILOXBLOCK_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

#include <array>

namespace segc::seg {

/// Emits one block of Philox-4x32-10 (Base/Random.h), of scalars or vectors of
/// i32.
std::array<mlir::Value, 4> philoxBlock(mlir::OpBuilder &builder,
                                       mlir::Location loc,
                                       std::array<mlir::Value, 4> counter,
                                       mlir::Value lowKey, mlir::Value highKey);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_PHILOXBLOCK_H
