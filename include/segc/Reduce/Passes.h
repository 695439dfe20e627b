//===- Passes.h - Reduction of failing networks -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REDUCE_PASSES_H
#define SEGC_REDUCE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace segc {

#define GEN_PASS_DECL
#include "segc/Reduce/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "segc/Reduce/Passes.h.inc"

} // namespace segc

#endif // SEGC_REDUCE_PASSES_H
