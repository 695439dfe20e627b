//===- FusionPolicy.h - Policy of a user for fusion -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_FUSIONPOLICY_H
#define SEGC_TARGET_FUSIONPOLICY_H

#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/Operation.h"

namespace segc {

/// Asked by seg-fuse about every pair that could be fused, before its switches
/// and its cost model; a plugin attaches it to the seg dialect
/// (examples/plugin/FusionPolicy.cpp). Without one seg-fuse decides alone.
class FusionPolicy : public mlir::DialectInterface::Base<FusionPolicy> {
public:
  explicit FusionPolicy(mlir::Dialect *dialect) : Base(dialect) {}

  enum class Answer {
    Default, ///< seg-fuse decides.
    Never,   ///< They stay apart.
    Always   ///< They are fused if a kernel can compute both.
  };

  /// About a producer and an op that reads its result.
  virtual Answer decide(mlir::Operation *producer,
                        mlir::Operation *user) const = 0;
};

} // namespace segc

#endif // SEGC_TARGET_FUSIONPOLICY_H
