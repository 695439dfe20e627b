//===- FusionChecks.h - What kernels take in --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Checks of fusions by what their kernel model says it takes in. Fusions may be
// written by hand, so models check them before they emit. Errors are on the
// ops; `device` is what they call the target: "CPU".

#ifndef SEGC_CODEGEN_COMMON_FUSIONCHECKS_H
#define SEGC_CODEGEN_COMMON_FUSIONCHECKS_H

#include "segc/Target/KernelModel.h"

namespace segc {

/// Whether the op is a sum over pixels that a kernel adds up tile by tile.
bool isReduction(mlir::Operation *op);

/// Verifies the types: kernels compute in f32, and convert 16-bit values when
/// they load and store them.
mlir::LogicalResult verifyTypes(seg::FusionOp fusion, llvm::StringRef device);

/// Verifies the types of a fusion with a root, its prologue, its epilogue and
/// its reductions. With `readsTilesAgain` the kernel reduces what it has
/// stored, which the fusion must yield.
mlir::LogicalResult verifyFusion(seg::FusionOp fusion, const KernelModel &model,
                                 llvm::StringRef device, bool readsTilesAgain);

/// The activation that a fusion whose root is a reduction reduces.
mlir::RankedTensorType reducedSpace(seg::FusionOp fusion);
/// Verifies the shapes of such a fusion. Returns whether it computes values
/// before it reduces them; a cast of 16-bit memory is part of the load.
mlir::FailureOr<bool> verifyReductionFusion(seg::FusionOp fusion);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_FUSIONCHECKS_H
