//===- KernelsToLLVM.h - Lowering of kernel functions -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// For backends whose kernels LLVM compiles.

#ifndef SEGC_CODEGEN_COMMON_KERNELSTOLLVM_H
#define SEGC_CODEGEN_COMMON_KERNELSTOLLVM_H

#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class ModuleOp;
class OpPassManager;
struct ConvertVectorToLLVMPassOptions;
} // namespace mlir

namespace segc {

/// Registers the dialects of kernel functions, before and after lowering, and
/// their translations to LLVM IR.
void registerKernelDialects(mlir::DialectRegistry &registry);

/// Adds the conversions from functions over static memrefs (scf, arith, math,
/// vector) to the LLVM dialect. A kernel becomes `void name(ptr per memref...,
/// i64 n, i64 task)`.
void populateKernelsToLLVM(mlir::OpPassManager &manager,
                           const mlir::ConvertVectorToLLVMPassOptions &vectors);

/// Adds the segc_kernel_fn `<prefix><kernel>.task` for each translated kernel,
/// which unpacks its array of buffers and calls it. The kernels become
/// internal.
void addKernelWrappers(llvm::Module &module, llvm::StringRef symbolPrefix);

/// Erases the exec programs, which no target translates.
void erasePrograms(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_KERNELSTOLLVM_H
