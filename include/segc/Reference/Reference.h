//===- Reference.h - Interpreter of seg functions ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REFERENCE_REFERENCE_H
#define SEGC_REFERENCE_REFERENCE_H

#include "segc/Reference/HostTensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace segc::reference {

/// Attaches ReferenceOpInterface to the ops of the seg dialect.
void registerReferenceModels(mlir::DialectRegistry &registry);

enum class Precision {
  Exact,   ///< Double precision throughout, whatever the element types.
  Storage, ///< Every result is rounded to its element type.
};

/// Computes the results of one op (seg.fusion included). An op without
/// ReferenceOpInterface is an error that names it.
llvm::FailureOr<std::vector<HostTensor>>
evaluateOp(mlir::Operation *op, llvm::ArrayRef<const HostTensor *> operands,
           Precision precision = Precision::Exact);

/// Interprets a function of one block that holds constants and ops with
/// ReferenceOpInterface. Inputs have the kinds and shapes of its arguments.
llvm::FailureOr<std::vector<HostTensor>>
evaluate(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> inputs,
         Precision precision = Precision::Exact);

} // namespace segc::reference

#endif // SEGC_REFERENCE_REFERENCE_H
