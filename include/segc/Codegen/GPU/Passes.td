//===- Passes.td - Passes of the GPU back end --------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_PASSES_TD
#define SEGC_CODEGEN_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowIndicesPass : Pass<"seg-narrow-indices", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Index arithmetic of kernels that say so is of 32 bits";
  let description = [{
    A `gpu.func` with the attribute `seg.narrow_indices` computes no index of
    more than 31 bits. Its arithmetic becomes that of i32, which wraps nowhere;
    addresses are extended as they are used. Addresses of 64 bits need two
    registers each, and most kernels of convolutions are short of registers.
    Structured control flow must be gone.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def LowerGpuToNVVMPass : Pass<"seg-lower-gpu-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Kernels are in the LLVM and NVVM dialects";
  let description = [{
    One conversion of everything the emitters make. Kernels take bare pointers.
    Arithmetic becomes LLVM intrinsics that the NVPTX back end has instructions
    for: nothing is linked, no toolkit is needed. Structured control flow must
    be gone.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def EmulateNVVMPass : Pass<"seg-emulate-nvvm", "::mlir::ModuleOp"> {
  let summary = "Kernels of a GPU are functions of the host for the emulator";
  let description = [{
    Each lowered kernel of a `gpu.module` becomes a `segc_kernel_fn` that does
    the work of one thread (emulator.h): special registers are fields of the
    thread, barriers, operations of warps and asynchronous copies are calls of
    the emulator, shared memory is the block's, and there is one address space.
    Accesses to memory are checked: those of operands are compared with their
    bounds, those of shared memory are calls. An operation that is not emulated
    is an error. Programs must be gone.
  }];
  let options = [Option<"prefix", "prefix", "std::string", "\"\"", "Before the names of the functions">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def WritePTXPass : Pass<"seg-write-ptx", "::mlir::ModuleOp"> {
  let summary = "Writes the PTX text of the module's kernels to a file";
  let options = [Option<"chip", "chip", "std::string", "\"sm_90\"", "Architecture">,
                 Option<"output", "output", "std::string", "\"-\"", "File; - is the standard output">];
}

#endif // SEGC_CODEGEN_GPU_PASSES_TD
