//===- SegInterfaces.td - What an op offers to the passes *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_INTERFACES_TD
#define SEGC_DIALECT_SEG_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Seg_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    Reverse-mode derivative of an op, as ops of the same dialect. Implementing
    it lets a network that uses the op be trained. Ops that only occur after
    autodiff (gradients, optimizers, kernel-level ops) carry the trait
    `NotDifferentiable` instead; a unit test fails for an op with neither.
  }];
  let methods = [InterfaceMethod<[{
      Builds the adjoint at the builder's insertion point. `resultGrads[i]` is
      the gradient of result i, or null if nothing depends on it.
      `needed[j]` says whether operand j's gradient is wanted; only then is
      `operandGrads[j]` (null on entry) to be set. A rule that does not exist
      for these attributes is a failure with an error on the op.
    }],
    "::llvm::LogicalResult", "buildAdjoint",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGrads,
         "::llvm::ArrayRef<bool>":$needed,
         "::llvm::MutableArrayRef<::mlir::Value>":$operandGrads)>];
}

def Seg_PointwiseOpInterface : OpInterface<"PointwiseOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    The op computes each element of its only result from the elements of its
    operands at the same position. Operands may be broadcast: same shape as
    the result; last dimension 1; rank 1 (one value a channel); rank 2 on a
    higher rank (one value a sample and channel); rank 0. Implementing it lets
    the op be fused into any kernel, on any target.
  }];
  let verify = "return ::segc::seg::detail::verifyPointwise($_op);";
  let methods = [InterfaceMethod<[{
      Builds the computation on scalars or vectors of f32 (all operands have
      the same type, 16-bit values have been widened) and returns the result,
      f32 or of the result's storage type. `index` is the linear index of
      the (first) element in the result, of type index.
    }],
    "::mlir::Value", "emitPoint",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
         "::mlir::ValueRange":$args, "::mlir::Value":$index)>];
}

def Seg_PrecisionOpInterface : OpInterface<"PrecisionOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    What mixed precision (seg-assign-precision) may make of an op. Every op on
    tensors that may stand in an entry implements it, by `Seg_Precision` with
    its class; a unit test fails for one that does not.
  }];
  let methods = [
    StaticInterfaceMethod<"The op's class, unless a file of lists gives another.",
      "::segc::seg::PrecisionClass", "precisionClass", (ins)>,
    InterfaceMethod<[{
        Whether result `index` is f32 whatever the op's precision: what is
        accumulated over voxels, and values smaller than an activation
        (statistics, losses, scalars).
      }],
      "bool", "keepsResultWide", (ins "unsigned":$index), [{}], [{
        auto type = ::llvm::cast<::mlir::RankedTensorType>($_op->getResult(index).getType());
        return type.getRank() < 3;
      }]>
  ];
}

// The class of PrecisionOpInterface: Allow, Infer, Clear or Deny.
class Seg_PrecisionIs<string kind>
    : ParamNativeOpTrait<"PrecisionIs", "::segc::seg::PrecisionClass::" # kind> {
  let cppNamespace = "::segc::seg";
}
class Seg_Precision<string kind>
    : TraitList<[Seg_PrecisionOpInterface, Seg_PrecisionIs<kind>]>;

def Seg_CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    What an op costs, for cost models, reports and rooflines, whatever computes
    it. Implementing it lets an op's arithmetic count; an op without it counts
    by the bytes that it moves.
  }];
  let methods = [
    InterfaceMethod<[{
        Floating-point operations of the op on its types, all samples together,
        done directly.
      }],
      "double", "flops", (ins)>,
    InterfaceMethod<"Bytes of its operands and results.",
      "double", "bytes", (ins), [{}], [{
        double bytes = 0;
        for (::mlir::Value value : $_op->getOperands())
          bytes += static_cast<double>(::segc::seg::tensorBytes(value));
        for (::mlir::Value value : $_op->getResults())
          bytes += static_cast<double>(::segc::seg::tensorBytes(value));
        return bytes;
      }]>
  ];
}

// CostOpInterface of ops that do so many operations for each element of their
// first operand.
class Seg_FlopsAnElementIs<int count>
    : ParamNativeOpTrait<"FlopsAnElement", !cast<string>(count)> {
  let cppNamespace = "::segc::seg";
}
class Seg_FlopsAnElement<int count>
    : TraitList<[Seg_CostOpInterface, Seg_FlopsAnElementIs<count>]>;
// The op says what it costs.
defvar Seg_Cost = DeclareOpInterfaceMethods<Seg_CostOpInterface>;

// A reduction that a kernel can compute of values as it produces them: it may
// follow the root of a seg.fusion.
def Seg_EpilogueReductionOpInterface : OpInterface<"EpilogueReductionOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    The op reduces an activation over pixels, to few values a channel or a
    sample.
    Implementing it lets the op follow what computes the activation in that
    kernel, which adds up each tile while it is near, so that memory is not
    read again. What else the op reads must be there before the kernel runs.
  }];
  let methods = [InterfaceMethod<"The operand that is reduced.",
    "::mlir::Value", "getReduced", (ins), [{}], "return $_op.getInput();">];
}

def Seg_ScheduledOpInterface : OpInterface<"ScheduledOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    A step of an entry: it reads its operands, writes its results and may need
    memory of its own meanwhile. Schedule, memory plan and program ask this
    interface, whatever computes the step. The plan gives each result that stays
    in the arena and the workspace an offset.
  }];
  let methods = [
    InterfaceMethod<"Tensors that it reads.", "::mlir::OperandRange", "getReads", (ins), [{}],
      "return $_op->getOperands();">,
    InterfaceMethod<"Tensors that it writes.", "::mlir::ResultRange", "getWrites", (ins), [{}],
      "return $_op->getResults();">,
    InterfaceMethod<"Whether it may write the result over the value, all reads of that together.",
      "bool", "mayOverwrite", (ins "::mlir::Value":$value, "::mlir::Value":$result), [{}], "return false;">,
    InterfaceMethod<"Bytes of the arena that are its own while it runs.",
      "int64_t", "getWorkspaceBytes", (ins), [{}], "return 0;">,
    InterfaceMethod<"Whether it may run again, with the same results from the same operands.",
      "bool", "isRepeatable", (ins), [{}], "return true;">,
    InterfaceMethod<"The stream that it runs on.",
      "::llvm::StringRef", "getStreamName", (ins), [{}], [{return "compute";}]>,
    InterfaceMethod<"The op that remarks and labels name.",
      "::mlir::Operation *", "getMainOp", (ins), [{}], "return $_op;">,
    InterfaceMethod<"The op that computes a result.",
      "::mlir::Operation *", "getSource", (ins "unsigned":$result), [{}], "return $_op;">,
    InterfaceMethod<"Offsets of the results in the arena, -1 of those that lie elsewhere; none before the plan.",
      "::std::optional<::llvm::ArrayRef<int64_t>>", "getOffsets">,
    InterfaceMethod<"Offset of the workspace; none if there is none.", "::std::optional<uint64_t>", "getTempOffset">,
    InterfaceMethod<"Sets what the plan decided.",
      "void", "setPlaces", (ins "::llvm::ArrayRef<int64_t>":$offsets, "::std::optional<int64_t>":$workspace)>
  ];
}

def Seg_OptimizerOpInterface : OpInterface<"OptimizerOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    The op computes new flat parameters from their gradients. Implementing it
    makes the op the optimizer of networks that name one of its kinds.
    Operands and results are laid out as constraint optimizer_c2 says.
  }];
  let methods = [
    StaticInterfaceMethod<"Values of `kind` in a network's `optimizer` that mean this op.",
      "::llvm::SmallVector<::llvm::StringRef>", "getKinds", (ins)>,
    StaticInterfaceMethod<[{
        Builds the update for a network's `optimizer`. States are asked for in
        the order of the results that replace them.
      }],
      "::mlir::Operation *", "buildUpdate",
      (ins "const ::segc::seg::OptimizerInputs &":$inputs)>,
    InterfaceMethod<[{
        The state that holds means of squared gradients, which are not negative;
        null if there is none. A step is skipped where such a square overflows.
      }],
      "::mlir::Value", "getSquaresState", (ins), [{}], "return {};">,
    InterfaceMethod<"The scalar that is 0 where a step is to be skipped.",
      "::mlir::Value", "getFiniteFlag", (ins), [{}], "return $_op.getFinite();">
  ];
}

def Seg_RearrangementOpInterface : OpInterface<"RearrangementOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    Each element of the only result is an element of an operand, at a position
    that is known when the op is: a crop, a concatenation. Implementing it lets
    a kernel that loads tiles of its operand read the op's operands instead, so
    that the result is never written.
  }];
  let methods = [
    InterfaceMethod<"Where the elements of a channel of the result come from.",
      "::segc::seg::ElementSource", "getSource", (ins "int64_t":$channel)>,
    InterfaceMethod<"Channels of the result, beside the first, at which another source begins.",
      "::llvm::SmallVector<int64_t>", "getChannelCuts", (ins), [{}], "return {};">
  ];
}

// The op has no derivative: it is a derivative, or has no gradient by nature.
def Seg_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> {
  let cppNamespace = "::segc::seg";
}

#endif // SEGC_DIALECT_SEG_INTERFACES_TD
