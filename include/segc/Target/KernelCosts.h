//===- KernelCosts.h - What a target's kernels cost -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_KERNELCOSTS_H
#define SEGC_TARGET_KERNELCOSTS_H

#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/Operation.h"

namespace segc {

/// Asked by seg-rematerialize; a backend attaches it to the seg dialect.
/// Without one a kernel costs the bytes that it moves.
class KernelCosts : public mlir::DialectInterface::Base<KernelCosts> {
public:
  explicit KernelCosts(mlir::Dialect *dialect) : Base(dialect) {}

  /// Floating-point operations of a seg.fusion, all samples together, done
  /// directly.
  virtual double flops(mlir::Operation *fusion) const = 0;
};

} // namespace segc

#endif // SEGC_TARGET_KERNELCOSTS_H
