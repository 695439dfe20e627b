//===- Passes.h - Passes of programs ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_PASSES_H
#define SEGC_PROGRAM_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include <string>

namespace segc {

#define GEN_PASS_DECL
#include "segc/Program/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "segc/Program/Passes.h.inc"

} // namespace segc

#endif // SEGC_PROGRAM_PASSES_H
