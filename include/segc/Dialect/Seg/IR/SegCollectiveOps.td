//===- SegCollectiveOps.td - Reductions over ranks ---------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_COLLECTIVE_OPS_TD
#define SEGC_DIALECT_SEG_COLLECTIVE_OPS_TD

include "mlir/IR/EnumAttr.td"
include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_ReduceSum : I32EnumAttrCase<"sum", 0>;
def Seg_ReduceMean : I32EnumAttrCase<"mean", 1>;
def Seg_ReduceKind : I32EnumAttr<"ReduceKind", "how the values of ranks become one", [Seg_ReduceSum, Seg_ReduceMean]> {
  let cppNamespace = "::segc::seg";
  let genSpecializedAttr = 0;
}
def Seg_ReduceKindAttr : EnumAttr<Seg_Dialect, Seg_ReduceKind, "reduce_kind"> { let assemblyFormat = "$value"; }

def Seg_AllReduceOp : Seg_PureOp<"all_reduce", [Seg_Deny, Seg_Differentiable, Seg_ScheduledOpInterface, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Sum or mean of tensors over the ranks of a training";
  let description = [{
    All ranks run the op with tensors of the same shapes and get the same
    results, one for each operand. A process that trains alone is the only rank:
    its results are the operands. No kernel computes it: it is a step of its own
    between kernels, which becomes an `exec.collective`. The planner places
    several results next to one another, so that one collective takes them all.
    `offsets` is set by seg-plan-memory.

    ```mlir
    %mean = seg.all_reduce mean %own : tensor<32xf32>
    %sums:2 = seg.all_reduce sum %a, %b : tensor<32xf32>, tensor<8xf32>
    ```
  }];
  let arguments = (ins Seg_ReduceKindAttr:$kind, Variadic<Seg_Tensor>:$inputs, OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let results = (outs Variadic<Seg_Tensor>:$outputs);
  let assemblyFormat = "`` $kind $inputs attr-dict `:` type($inputs)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // ScheduledOpInterface.
    /// Several operands are brought together.
    bool mayOverwrite(::mlir::Value value, ::mlir::Value) {
      return getInputs().size() == 1 && value == getInputs().front();
    }
    bool hasAdjacentResults() { return getOutputs().size() > 1; }
    /// Ranks would exchange the values once more.
    bool isRepeatable() { return false; }
    ::std::optional<uint64_t> getTempOffset() { return {}; }
    void setPlaces(::llvm::ArrayRef<int64_t> offsets, ::std::optional<int64_t>) { setOffsets(offsets); }
  }];
}

#endif // SEGC_DIALECT_SEG_COLLECTIVE_OPS_TD
