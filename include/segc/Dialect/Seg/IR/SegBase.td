//===- SegBase.td - Dialect, types and base classes --------*- tablegen -*-===//
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

def Seg_StrategyAttr : AttrDef<Seg_Dialect, "Strategy"> {
  let mnemonic = "strategy";
  let summary = "strategy of a fusion, `#seg.strategy<kind, ...>`";
  let description = [{
    `kind` names one of the target's kernel models, which declares the
    parameters that its strategies have: numbers, switches, lists of numbers,
    keywords and flags without a value. Their names and values are checked as
    soon as the target is known, so that a backend adds kinds without a change
    of the dialect. What planners and tables read belongs to every strategy:

    - `temp_bytes`: memory that the launches of the fusion share;
    - `sums_bytes`: behind a temporary that holds a filter, partial sums of the
      reductions that follow the root;
    - `prepared`: the entry `prepare` fills the temporary once, in the region of
      that name instead of the arena.

    ```mlir
    #seg.strategy<winograd, lanes = 16, m = [2, 2, 2], multiply_type = bf16, temp_bytes = 4096>
    ```
  }];
  let parameters = (ins StringRefParameter<"model that computes it">:$kind, "::mlir::DictionaryAttr":$parameters,
                        "int64_t":$tempBytes, "int64_t":$sumsBytes, "bool":$prepared);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    AttrBuilder<(ins "::llvm::StringRef":$kind,
                     CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$parameters,
                     CArg<"int64_t", "0">:$tempBytes, CArg<"int64_t", "0">:$sumsBytes), [{
      return $_get($_ctxt, kind, ::mlir::DictionaryAttr::get($_ctxt, parameters), tempBytes, sumsBytes, false);
    }]>
  ];
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral tempBytesName = "temp_bytes", sumsBytesName = "sums_bytes",
                                           preparedName = "prepared";
    /// As in the text: "16", "[1, 8, 16]", "true", "bf16".
    static void printValue(::llvm::raw_ostream &out, ::mlir::Attribute value);
    /// Names of what every strategy may have.
    static ::llvm::ArrayRef<::llvm::StringRef> getCommonNames();
    /// The parameter of this name and type; null if there is none.
    template <typename Attr>
    Attr get(::llvm::StringRef name) const { return getParameters().getAs<Attr>(name); }
    /// A list of numbers; empty if there is none.
    ::llvm::ArrayRef<int64_t> getInts(::llvm::StringRef name) const;
    bool has(::llvm::StringRef name) const { return getParameters().contains(name); }
    /// The same, whose temporary is prepared or is not.
    StrategyAttr withPrepared(bool prepared) const;
    /// Where the partial sums begin in the workspace: behind the temporary,
    /// unless that is prepared.
    int64_t getSumsOffset() const { return getPrepared() ? 0 : getTempBytes(); }
    /// Bytes of the arena that the launches need while they run.
    int64_t getWorkspaceBytes() const { return getSumsOffset() + getSumsBytes(); }
  }];
}

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
