//===- LowerToLLVM.h - Kernels to LLVM and to an object ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_LOWERTOLLVM_H
#define SEGC_CODEGEN_CPU_LOWERTOLLVM_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Target/CpuTarget.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace segc {

/// What translation to LLVM IR needs to have registered.
void registerLLVMTranslations(mlir::DialectRegistry &registry);

/// Adds the passes that lower a module of kernel functions (func over static
/// memrefs, scf, arith, math, vector) to the LLVM dialect. A kernel becomes
/// `void name(ptr per memref..., i64 n, i64 task)`.
void populateLowerToLLVM(mlir::OpPassManager &manager);

/// Runs the above on a module.
mlir::LogicalResult lowerKernelsToLLVM(mlir::ModuleOp module);

/// LLVM IR of lowered kernels, with the target's attributes, not optimised.
/// Null after an error was reported on the module.
std::unique_ptr<llvm::Module> translateKernels(mlir::ModuleOp module,
                                               llvm::LLVMContext &context,
                                               const CpuTarget &target);

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CpuTarget &target);

/// LLVM's -O<level> (0 to 3) without its vectorisers: kernels are vectors
/// already.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    unsigned level = 2);

/// Machine code: an ELF object, or assembly text.
llvm::Expected<llvm::SmallVector<char, 0>>
emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                bool assembly);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_LOWERTOLLVM_H
