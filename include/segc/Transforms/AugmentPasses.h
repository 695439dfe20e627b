//===- AugmentPasses.h - Passes of augmentation -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_AUGMENTPASSES_H
#define SEGC_TRANSFORMS_AUGMENTPASSES_H

#include "mlir/Pass/Pass.h"

namespace segc {

#define GEN_PASS_DECL
#include "segc/Transforms/AugmentPasses.h.inc"

#define GEN_PASS_REGISTRATION
#include "segc/Transforms/AugmentPasses.h.inc"

} // namespace segc

#endif // SEGC_TRANSFORMS_AUGMENTPASSES_H
