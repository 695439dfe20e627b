//===- CpuKernelInterface.td - Roots that the CPU can run --*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_KERNEL_INTERFACE_TD
#define SEGC_CODEGEN_CPU_KERNEL_INTERFACE_TD

include "mlir/IR/OpBase.td"

def CpuKernelOpInterface : OpInterface<"CpuKernelOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    An op that can be the root of a CPU kernel. Attached as an external model
    by the family's emitter file. Pointwise ops need none: they are emitted by
    what they are fused into, or by EmitPointwise.cpp.
  }];
  let methods = [
    InterfaceMethod<[{
        Chooses how the fusion with this root is computed: a dictionary with
        `kind` (string), `temp_bytes` (i64, memory shared by its launches,
        multiple of 64) and what the emitter needs. It must not depend on
        anything but the op, the fusion and the context.
      }],
      "::mlir::DictionaryAttr", "selectCpuStrategy",
      (ins "::segc::seg::FusionOp":$fusion, "const ::segc::CpuStrategyContext &":$context)>,
    InterfaceMethod<[{
        Strategies that may turn out to be the fastest, for
        seg-autotune-cpu-strategy to measure: a short list that begins with
        what selectCpuStrategy chooses. Where it has several, the first
        dimension of the op's first operand is the batch.
      }],
      "::llvm::SmallVector<::mlir::DictionaryAttr>", "cpuStrategyCandidates",
      (ins "::segc::seg::FusionOp":$fusion, "const ::segc::CpuStrategyContext &":$context), [{}], [{
        auto kernel = ::llvm::cast<::segc::CpuKernelOpInterface>($_op.getOperation());
        return {kernel.selectCpuStrategy(fusion, context)};
      }]>,
    InterfaceMethod<"Emits the launches by the fusion's strategy.",
      "::llvm::LogicalResult", "emitCpuKernel", (ins "::segc::FusionEmitter &":$emitter)>,
    InterfaceMethod<"True if pointwise users of the result with its shape can be its epilogue.",
      "bool", "hasCpuEpilogue", (ins), [{}], "return false;">,
    InterfaceMethod<[{
        The operand that the first launch lays out in the temporary, reading
        nothing else; -1 if there is none. Where the operand is a parameter of
        an entry that does not train, seg-select-cpu-strategy marks the
        strategy `prepared`, and the launch moves to the entry `prepare`.
      }],
      "int64_t", "preparedOperand", (ins), [{}], "return -1;">,
    InterfaceMethod<"Floating-point operations for one sample.",
      "double", "flopsPerSample", (ins), [{}], "return 0;">
  ];
}

#endif // SEGC_CODEGEN_CPU_KERNEL_INTERFACE_TD
