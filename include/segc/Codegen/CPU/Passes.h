//===- Passes.h - Passes of the CPU back end -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_PASSES_H
#define SEGC_CODEGEN_CPU_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/Pass/Pass.h"
#include <string>

namespace segc {

/// The dictionary that seg-outline-cpu-kernels leaves on a module, and the
/// keys of its entries and launches.
inline constexpr llvm::StringLiteral entriesAttrName = "seg.entries";
/// Numbers of one of a launch's `operands`, in the order of segc_operand.
inline constexpr size_t launchOperandSize = 6;
/// Bytes of the region `prepared`.
inline constexpr llvm::StringLiteral preparedAttrName = "seg.prepared_bytes";
/// What identifies the plan that the kernels are of.
inline constexpr llvm::StringLiteral planAttrName = "seg.plan";

/// That of a module that the phase `tiling` left.
std::string planDigest(mlir::ModuleOp planned);

#define GEN_PASS_DECL
#include "segc/Codegen/CPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "segc/Codegen/CPU/Passes.h.inc"

} // namespace segc

#endif // SEGC_CODEGEN_CPU_PASSES_H
