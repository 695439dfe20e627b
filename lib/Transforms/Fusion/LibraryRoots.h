//===- LibraryRoots.h - Roots that libraries compute ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_FUSION_LIBRARYROOTS_H
#define SEGC_LIB_TRANSFORMS_FUSION_LIBRARYROOTS_H

#include "segc/Target/TargetBackend.h"
#include "llvm/ADT/DenseSet.h"

namespace segc {

using LibraryRoots = llvm::DenseSet<mlir::Operation *>;

/// Returns the roots of a block that a model of the target computes best alone,
/// and makes their bias a seg.add.
LibraryRoots separateLibraryRoots(mlir::Block &block,
                                  const StrategyContext &context);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_FUSION_LIBRARYROOTS_H
