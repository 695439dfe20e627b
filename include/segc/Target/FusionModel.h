//===- FusionModel.h - What a target's kernels can take in ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_FUSIONMODEL_H
#define SEGC_TARGET_FUSIONMODEL_H

#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/Operation.h"

namespace segc {

/// Asked by seg-fuse; a backend attaches it to the seg dialect. Without one no
/// root takes an epilogue.
class FusionModel : public mlir::DialectInterface::Base<FusionModel> {
public:
  explicit FusionModel(mlir::Dialect *dialect) : Base(dialect) {}

  /// Whether pointwise users of the root's result, of its shape, can be
  /// computed in its kernel.
  virtual bool takesEpilogue(mlir::Operation *root) const = 0;

  /// Whether the kernel of the operand's owner, a root, can compute it with
  /// pointwise ops and rearrangements while it loads it.
  virtual bool takesPrologue(mlir::OpOperand &operand) const = 0;

  /// Whether it is faster to compute the ops again in each of so many kernels
  /// than to write their result for all.
  virtual bool paysAsPrologue(llvm::ArrayRef<mlir::Operation *> ops,
                              size_t kernels) const = 0;

  /// Whether the kernel of the root, or of pointwise ops if it is null, can
  /// add up what it computes for the reduction.
  virtual bool takesReduction(mlir::Operation *root,
                              mlir::Operation *reduction) const = 0;
};

} // namespace segc

#endif // SEGC_TARGET_FUSIONMODEL_H
