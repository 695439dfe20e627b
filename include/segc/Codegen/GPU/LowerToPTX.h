//===- LowerToPTX.h - Kernels of the gpu dialect to PTX ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_LOWERTOPTX_H
#define SEGC_CODEGEN_GPU_LOWERTOPTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Codegen/GPU/GpuTarget.h"

namespace segc {

/// The symbol of a block's shared memory in lowered kernels.
inline constexpr llvm::StringLiteral sharedMemoryName = "segc_shared";

/// The symbol of that name, which is added if there is none.
mlir::LLVM::GlobalOp sharedMemorySymbol(mlir::gpu::GPUModuleOp kernels);

/// Whether the operation is a griddepcontrol.wait.
bool isLaunchWait(mlir::Operation *op);
/// Makes every thread of an emitted kernel wait for the kernel in front of its
/// launch: before it accesses global memory, and behind what else of its body
/// comes first, as shared memory's initialisation. Then the next launch may
/// begin.
void waitForLaunch(mlir::gpu::GPUFuncOp kernel);

/// Lowers the kernels to the NVVM dialect.
void populateLowerToNVVM(mlir::OpPassManager &manager);
/// Translates them to a gpu.binary with PTX text.
void populateEmitPTX(mlir::OpPassManager &manager, const GpuTarget &target);

} // namespace segc

#endif // SEGC_CODEGEN_GPU_LOWERTOPTX_H
