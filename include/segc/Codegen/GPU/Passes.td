//===- Passes.td - Passes of the GPU back end --------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_PASSES_TD
#define SEGC_CODEGEN_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineGpuKernelsPass : Pass<"seg-outline-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Emits each seg.fusion as kernels of a gpu.module and the functions as launches";
  let description = [{
    A function of seg.fusion ops becomes one over device memory: flat memrefs
    of its arguments, then of its results, and the number of samples. Each
    launch has as many blocks as the kernel has tasks. Kernels take what those
    of the CPU take: inputs, outputs, the temporary, the number of samples.
    Fusions that are the same to the letter share their kernels.

    ```mlir
    func.func @f(%x: tensor<2x8x8x16xf32>) -> tensor<2x8x8x16xf32> { ... seg.relu ... }
    ```
    becomes
    ```mlir
    gpu.module @kernels {
      gpu.func @k0_relu(%x: memref<2048xf32>, %y: memref<2048xf32>, %temp: memref<0xf32>, %n: index) kernel
          attributes {known_block_size = array<i32: 256, 1, 1>} { ... }
    }
    func.func @f(%x: memref<2048xf32>, %y: memref<2048xf32>, %n: index) {
      ...
      gpu.launch_func @kernels::@k0_relu blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1) args(...)
    }
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "\"sm_90\"", "Architecture">];
  let statistics = [Statistic<"kernels", "num-kernels", "Number of kernels emitted">,
                    Statistic<"shared", "num-shared", "Number of launches that share an earlier kernel">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
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

def WritePTXPass : Pass<"seg-write-ptx", "::mlir::ModuleOp"> {
  let summary = "Writes the PTX text of the module's gpu.binary ops to a file";
  let options = [Option<"output", "output", "std::string", "\"-\"", "File; - is the standard output">];
}

#endif // SEGC_CODEGEN_GPU_PASSES_TD
