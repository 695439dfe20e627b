//===- LowerToLLVM.h - Lowering of kernels to LLVM IR -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_LOWERTOLLVM_H
#define SEGC_CODEGEN_CPU_LOWERTOLLVM_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Codegen/CPU/CpuTarget.h"
#include "segc/Codegen/Common/JitKernels.h"
#include "segc/Codegen/Common/MachineCode.h"

namespace llvm {
class LLVMContext;
} // namespace llvm

namespace segc {

/// Adds clean-ups and populateKernelsToLLVM with the instructions of x86.
void populateLowerToLLVM(mlir::OpPassManager &manager);

/// Runs these passes on a module.
mlir::LogicalResult lowerKernelsToLLVM(mlir::ModuleOp module);

/// LLVM IR of lowered kernels, with the target's attributes, not optimised.
/// Null after an error was reported on the module.
std::unique_ptr<llvm::Module> translateKernels(mlir::ModuleOp module,
                                               llvm::LLVMContext &context,
                                               const CpuTarget &target);

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CpuTarget &target);

/// Implements TargetBackend::load.
llvm::Expected<std::unique_ptr<LoadedKernels>>
loadKernels(mlir::ModuleOp kernels, const CpuTarget &target);

/// Implements TargetBackend::serialize.
llvm::Expected<SerializedKernels>
serializeKernels(mlir::ModuleOp kernels, const CpuTarget &target,
                 const SerializeOptions &options);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_LOWERTOLLVM_H
