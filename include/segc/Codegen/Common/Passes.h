//===- Passes.h - Passes of all back ends -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_PASSES_H
#define SEGC_CODEGEN_COMMON_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include <string>

namespace segc {

#define GEN_PASS_DECL
#include "segc/Codegen/Common/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "segc/Codegen/Common/Passes.h.inc"

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_PASSES_H
