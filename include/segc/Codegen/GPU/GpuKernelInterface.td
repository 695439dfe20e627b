//===- GpuKernelInterface.td - Roots that a GPU can run ----*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_KERNEL_INTERFACE_TD
#define SEGC_CODEGEN_GPU_KERNEL_INTERFACE_TD

include "mlir/IR/OpBase.td"

def GpuKernelOpInterface : OpInterface<"GpuKernelOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    An op that can be the root of a GPU kernel. Attached as an external model
    by the family's emitter file. Pointwise ops need none: they are emitted by
    what they are fused into, or by EmitPointwise.cpp.
  }];
  let methods = [
    InterfaceMethod<[{
        Chooses how the fusion with this root is computed: a dictionary with
        `kind` (string), `temp_bytes` (i64, memory shared by its launches,
        multiple of 64) and what the emitter needs. It must not depend on
        anything but the op, the fusion and the target.
      }],
      "::mlir::DictionaryAttr", "selectGpuStrategy",
      (ins "::segc::seg::FusionOp":$fusion, "const ::segc::GpuTarget &":$target)>,
    InterfaceMethod<[{
        Emits the launches by the fusion's strategy. A fusion with ops that the
        kernel cannot take in is an error on the op.
      }],
      "::llvm::LogicalResult", "emitGpuKernel", (ins "::segc::GpuFusionEmitter &":$emitter)>
  ];
}

#endif // SEGC_CODEGEN_GPU_KERNEL_INTERFACE_TD
