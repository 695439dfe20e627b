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

/// Lowers the kernels to the NVVM dialect.
void populateLowerToNVVM(mlir::OpPassManager &manager);
/// Translates them to a gpu.binary with PTX text.
void populateEmitPTX(mlir::OpPassManager &manager, const GpuTarget &target);

} // namespace segc

#endif // SEGC_CODEGEN_GPU_LOWERTOPTX_H
