//===- AugmentEval.h - Evaluation of augmentation ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_AUGMENTEVAL_H
#define SEGC_LIB_REFERENCE_AUGMENTEVAL_H

#include "mlir/IR/MLIRContext.h"

namespace segc::reference {

/// Attaches the evaluations of augmentation.
void attachAugmentModels(mlir::MLIRContext *context);
/// The part of them that changes intensities.
void attachIntensityModels(mlir::MLIRContext *context);

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_AUGMENTEVAL_H
