//===- SegBase.td - Dialect, types and base classes *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_BASE_TD
#define SEGC_DIALECT_SEG_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "segc/Dialect/Seg/Interfaces/SegInterfaces.td"

def Seg_Dialect : Dialect {
  let name = "seg";
  let cppNamespace = "::segc::seg";
  let summary = "Segmentation networks and their training steps";
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let description = [{
    Value-semantics ops on ranked tensors, channels-last: activations are
    N x spatial x C, filters are taps x in x out (2-D: [kh, kw, in, out];
    3-D: [kd, kh, kw, in, out]), labels are N x spatial class indices (i32).
    Gradients are ops of the same dialect. Constraints are numbered in
    docs/Spec.md and cited in the verifiers.
  }];
}

def Seg_Float : FloatOfWidths<[16, 32, 64]>;
// What every shape function, kernel and manifest may rely on.
def Seg_HasBoundedShape : CPred<"::segc::seg::hasBoundedShape(::llvm::cast<::mlir::RankedTensorType>($_self))">;
class Seg_TensorOf<list<Type> types>
    : RankedTensorOf<types, [Seg_HasBoundedShape], "static tensor of 1 to 2^40 elements">;
def Seg_Tensor : Seg_TensorOf<[F16, BF16, F32, F64]>;
def Seg_Labels : Seg_TensorOf<[I32]>;
def Seg_AnyTensor : Seg_TensorOf<[F16, BF16, F32, F64, I32, I64]>;
def Seg_Scalar : 0DTensorOf<[F32, F64]>;
def Seg_Counter : 0DTensorOf<[I64]>;

class Seg_Op<string mnemonic, list<Trait> traits = []>
    : Op<Seg_Dialect, mnemonic, traits>;

// An op on tensor values, free of effects.
class Seg_PureOp<string mnemonic, list<Trait> traits = []>
    : Seg_Op<mnemonic, !listconcat([Pure], traits)>;

def Seg_Allow : Seg_Precision<"Allow">;
def Seg_Infer : Seg_Precision<"Infer">;
def Seg_Clear : Seg_Precision<"Clear">;
def Seg_Deny : Seg_Precision<"Deny">;

def Seg_Differentiable
    : DeclareOpInterfaceMethods<Seg_DifferentiableOpInterface>;
def Seg_Pointwise : DeclareOpInterfaceMethods<Seg_PointwiseOpInterface>;
def Seg_Rearrangement : DeclareOpInterfaceMethods<Seg_RearrangementOpInterface>;
def Seg_EpilogueReduction
    : DeclareOpInterfaceMethods<Seg_EpilogueReductionOpInterface>;

#endif // SEGC_DIALECT_SEG_BASE_TD
