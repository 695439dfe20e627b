//===- SegInterfaces.td - Interfaces of seg ops ------------*- tablegen -*-===//
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
    The precision class of an op, for seg-assign-precision. Every op on tensors
    that may be in an entry implements it, by `Seg_Precision` with its class; a
    unit test fails for an op without it.
  }];
  let methods = [
    StaticInterfaceMethod<"Returns the default class of the op, which a file of lists may override.",
      "::segc::seg::PrecisionClass", "precisionClass", (ins)>,
    InterfaceMethod<[{
        Whether result `index` is f32 for any precision of the op: sums over
        voxels, and values smaller than an activation (statistics, losses,
        scalars).
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
    The cost of an op for cost models, reports and rooflines, independent of its
    kernel. Only the bytes of an op without this interface are counted.
  }];
  let methods = [
    InterfaceMethod<[{
        Floating-point operations of the op for all samples, by the direct
        algorithm.
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
    The op reduces an activation over pixels to a few values for each channel or
    sample. The interface allows fusion with the producer of the activation,
    whose kernel reduces each tile while it is in the cache. The other operands
    must be computed before that kernel runs.
  }];
  let methods = [InterfaceMethod<"The operand that is reduced.",
    "::mlir::Value", "getReduced", (ins), [{}], "return $_op.getInput();">];
}

def Seg_ScheduledOpInterface : OpInterface<"ScheduledOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    A step of an entry, which reads its operands, writes its results and may need
    workspace. Scheduling, the memory planner and outlining use this interface
    and not the op itself. The plan assigns an offset to the workspace and to
    each result in the arena.
  }];
  let methods = [
    InterfaceMethod<"Tensors that it reads.", "::mlir::OperandRange", "getReads", (ins), [{}],
      "return $_op->getOperands();">,
    InterfaceMethod<"Tensors that it writes.", "::mlir::ResultRange", "getWrites", (ins), [{}],
      "return $_op->getResults();">,
    InterfaceMethod<"Whether the result may overwrite the value, considering all its reads in this step.",
      "bool", "mayOverwrite", (ins "::mlir::Value":$value, "::mlir::Value":$result), [{}], "return false;">,
    InterfaceMethod<"Whether the planner places the results next to one another, in their order.",
      "bool", "hasAdjacentResults", (ins), [{}], "return false;">,
    InterfaceMethod<"Bytes of workspace in the arena.",
      "int64_t", "getWorkspaceBytes", (ins), [{}], "return 0;">,
    InterfaceMethod<"Whether a second run computes the same results from the same operands.",
      "bool", "isRepeatable", (ins), [{}], "return true;">,
    InterfaceMethod<"The stream of the step.",
      "::llvm::StringRef", "getStreamName", (ins), [{}], [{return "compute";}]>,
    InterfaceMethod<"The op that remarks and labels name.",
      "::mlir::Operation *", "getMainOp", (ins), [{}], "return $_op;">,
    InterfaceMethod<"The op that computes a result.",
      "::mlir::Operation *", "getSource", (ins "unsigned":$result), [{}], "return $_op;">,
    InterfaceMethod<"Arena offsets of the results, -1 for results outside the arena; none before planning.",
      "::std::optional<::llvm::ArrayRef<int64_t>>", "getOffsets">,
    InterfaceMethod<"Offset of the workspace; none if there is none.", "::std::optional<uint64_t>", "getTempOffset">,
    InterfaceMethod<"Sets the offsets of the plan.",
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
    StaticInterfaceMethod<"Values of `kind` in a network's `optimizer` that select this op.",
      "::llvm::SmallVector<::llvm::StringRef>", "getKinds", (ins)>,
    StaticInterfaceMethod<[{
        Builds the update for a network's `optimizer`. States are requested in
        the order of the results that replace them.
      }],
      "::mlir::Operation *", "buildUpdate",
      (ins "const ::segc::seg::OptimizerInputs &":$inputs)>,
    InterfaceMethod<[{
        The state that holds means of squared gradients, which are not negative;
        null if there is none. A step is skipped if such a square overflows.
      }],
      "::mlir::Value", "getSquaresState", (ins), [{}], "return {};">,
    InterfaceMethod<"The scalar that is 0 where a step is to be skipped.",
      "::mlir::Value", "getFiniteFlag", (ins), [{}], "return $_op.getFinite();">
  ];
}

def Seg_RearrangementOpInterface : OpInterface<"RearrangementOpInterface"> {
  let cppNamespace = "::segc::seg";
  let description = [{
    Each element of the only result is an element of an operand at a static
    position, as in a crop or a concatenation. Kernels that load tiles of the
    result can read the op's operands instead, so that the result is never
    stored.
  }];
  let methods = [
    InterfaceMethod<"The source of the elements of a channel of the result.",
      "::segc::seg::ElementSource", "getSource", (ins "int64_t":$channel)>,
    InterfaceMethod<"Channels of the result, except for channel 0, at which another source begins.",
      "::llvm::SmallVector<int64_t>", "getChannelCuts", (ins), [{}], "return {};">
  ];
}

// The op has no derivative: it is a derivative, or has no gradient by nature.
def Seg_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> {
  let cppNamespace = "::segc::seg";
}

#endif // SEGC_DIALECT_SEG_INTERFACES_TD
