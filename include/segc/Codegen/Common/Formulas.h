//===- Formulas.h - Formulas of reductions and updates ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_FORMULAS_H
#define SEGC_CODEGEN_COMMON_FORMULAS_H

#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/Common/LossPixels.h"
#include "segc/Codegen/Common/Moments.h"
#include "segc/Codegen/Common/UpdateBody.h"

#include "segc/Codegen/Common/FormulaInterfaces.h.inc"

namespace segc {

/// Attaches the interfaces of FormulaInterfaces.td to their ops.
void registerFormulas(mlir::DialectRegistry &registry);

/// Emits and stores the new values of the vector of elements at `index` (masked
/// lanes: none; a null mask means all), or the old ones where `finite` is
/// false. `stepValues` have the type of the elements.
void emitUpdatedVector(UpdateBody &body, OptimizerUpdateOpInterface update,
                       mlir::Value index, int64_t lanes, mlir::Value mask,
                       mlir::Value finite,
                       llvm::ArrayRef<mlir::Value> stepValues);

// Each attaches the formulas of one family of ops.
void attachBinaryCrossEntropyFormulas(mlir::MLIRContext *context);
void attachChannelSumFormulas(mlir::MLIRContext *context);
void attachCrossEntropyFormulas(mlir::MLIRContext *context);
void attachDiceFormulas(mlir::MLIRContext *context);
void attachNormFormulas(mlir::MLIRContext *context);
void attachOptimizerFormulas(mlir::MLIRContext *context);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_FORMULAS_H
