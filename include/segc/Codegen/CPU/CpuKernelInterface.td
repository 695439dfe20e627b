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
    InterfaceMethod<[{
        True if emitCpuKernel reads the strategy's entries, and refuses what it
        cannot emit; false if a strategy is always what selectCpuStrategy gives.
      }],
      "bool", "readsCpuStrategy", (ins), [{}], "return false;">,
    InterfaceMethod<"Emits the launches by the fusion's strategy.",
      "::llvm::LogicalResult", "emitCpuKernel", (ins "::segc::FusionEmitter &":$emitter)>,
    InterfaceMethod<"True if pointwise users of the result with its shape can be its epilogue.",
      "bool", "hasCpuEpilogue", (ins), [{}], "return false;">,
    InterfaceMethod<[{
        True if pointwise ops and rearrangements can compute the operand while
        the kernel loads it.
      }],
      "bool", "takesCpuPrologue", (ins "unsigned":$operand), [{}], "return false;">,
    InterfaceMethod<[{
        True if reductions of what the kernel computes can follow it, tile by
        tile.
      }],
      "bool", "hasCpuReductions", (ins), [{}], "return false;">,
    InterfaceMethod<[{
        True if these may be reductions of whole pixels: a task computes all
        channels of its pixels, which make up rows.
      }],
      "bool", "hasCpuPixelReductions", (ins), [{}], "return false;">,
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

def CpuReductionOpInterface : OpInterface<"CpuReductionOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    A reduction over pixels that follows what computes its operand, in the same
    kernel: every tile leaves rows of numbers, one for each channel, which a
    launch at the end merges in order. TileReductions.h runs them.
  }];
  let methods = [
    InterfaceMethod<"Where tiles of a grid leave their rows, from `base` on.",
      "::segc::MomentLayout", "momentLayout",
      (ins "const ::segc::TileGrid &":$grid, "int64_t":$base)>,
    InterfaceMethod<"Vectors of a tile's channels that `terms` needs.",
      "::llvm::SmallVector<::mlir::Value>", "hoist",
      (ins "::segc::KernelBody &":$k, "const ::segc::MomentLayout &":$layout,
           "const ::segc::ReductionTile &":$tile,
           "::llvm::function_ref<::mlir::Value(::mlir::Value memref, ::mlir::Value row)>":$perChannel),
      [{}], "return {};">,
    InterfaceMethod<"What a vector of elements from `index` on adds to each sum.",
      "::llvm::SmallVector<::mlir::Value>", "terms",
      (ins "::segc::KernelBody &":$k, "::mlir::Value":$index, "int64_t":$lanes,
           "::mlir::Value":$mask, "::mlir::ValueRange":$hoisted)>,
    InterfaceMethod<"The rows that a tile leaves, of its sums.",
      "::llvm::SmallVector<::mlir::Value>", "finish",
      (ins "::segc::KernelBody &":$k, "const ::segc::ReductionTile &":$tile,
           "::mlir::ValueRange":$sums, "::mlir::ValueRange":$hoisted),
      [{}], "return ::llvm::to_vector(sums);">,
    InterfaceMethod<"How many sums there are.", "unsigned", "sumCount", (ins)>,
    InterfaceMethod<"Adds the launches that merge the tiles.", "void", "emitMerge",
      (ins "::segc::FusionEmitter &":$emitter, "const ::segc::MomentLayout &":$layout)>
  ];
}

def CpuPixelReductionOpInterface : OpInterface<"CpuPixelReductionOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    As CpuReductionOpInterface, for sums of what depends on all channels of a
    pixel: a loss. Vectors hold a pixel a lane, and a tile leaves one number for
    each sum. PixelReductions.h runs them.
  }];
  let methods = [
    InterfaceMethod<"How many sums there are.", "unsigned", "sumCount", (ins)>,
    InterfaceMethod<"What a vector of pixels adds to each sum.",
      "void", "addTerms",
      (ins "::segc::KernelBody &":$k, "const ::segc::PixelVector &":$pixels,
           "::segc::PixelTerms &":$terms)>,
    InterfaceMethod<"Adds the launches that merge the tiles.", "void", "emitMerge",
      (ins "::segc::FusionEmitter &":$emitter, "const ::segc::PixelSums &":$sums)>
  ];
}

#endif // SEGC_CODEGEN_CPU_KERNEL_INTERFACE_TD
