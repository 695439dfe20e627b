//===- SegNetworkOps.td - Networks, parameters, fusion regions *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_NETWORK_OPS_TD
#define SEGC_DIALECT_SEG_NETWORK_OPS_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_NetworkOp : Seg_Op<"network", [Symbol, IsolatedFromAbove, Seg_NotDifferentiable]> {
  let summary = "A network: forward, objective, optimizer, pipeline";
  let description = [{
    `forward` takes the image and yields the logits (first) and, for deep
    supervision, lower heads; it holds the parameters and states in place.
    `objective` takes what forward yields and the labels, and yields the total
    loss (rank 0) and further values named by `result_names`. `optimizer` and
    `pipeline` are dictionaries; see docs/Spec.md. Predictions are the softmax
    of the logits; with `sigmoid`, for classes that overlap, their sigmoid.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$format, I64Attr:$classes, UnitAttr:$sigmoid,
                       StrArrayAttr:$result_names, DictionaryAttr:$optimizer, DictionaryAttr:$pipeline);
  let regions = (region SizedRegion<1>:$forward, SizedRegion<1>:$objective);
  let assemblyFormat = [{
    $sym_name `format` $format `classes` $classes (`sigmoid` $sigmoid^)? `optimizer` $optimizer `pipeline` $pipeline
    attr-dict-with-keyword `forward` $forward `objective` $result_names $objective
  }];
  let hasRegionVerifier = 1;
}
def Seg_InitConstant : I32EnumAttrCase<"constant", 0>;
def Seg_InitGlorot : I32EnumAttrCase<"glorot_uniform", 1>;
def Seg_InitHe : I32EnumAttrCase<"he_normal", 2>;
def Seg_InitUniform : I32EnumAttrCase<"uniform", 3>;
def Seg_InitKind
    : I32EnumAttr<"InitKind", "initialiser", [Seg_InitConstant, Seg_InitGlorot, Seg_InitHe, Seg_InitUniform]> {
  let cppNamespace = "::segc::seg";
  let genSpecializedAttr = 0;
}
def Seg_InitKindAttr : EnumAttr<Seg_Dialect, Seg_InitKind, "init"> { let assemblyFormat = "$value"; }

def Seg_ParamOp : Seg_PureOp<"param", [Seg_NotDifferentiable]> {
  let summary = "A trainable parameter, in place";
  let description = [{
    `value` is the constant, the slope that he_normal assumes, or the limit of
    uniform. `decay` says that weight decay applies.

    ```mlir
    %w = seg.param "input.conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Seg_InitKindAttr:$init, F64Attr:$value, UnitAttr:$decay);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$name `` $init $value (`decay` $decay^)? attr-dict `:` type($output)";
  let hasVerifier = 1;
}
def Seg_StateOp : Seg_PureOp<"state", [Seg_NotDifferentiable]> {
  let summary = "A running statistic, in place; starts at `value`";
  let arguments = (ins StrAttr:$name, F64Attr:$value);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$name $value attr-dict `:` type($output)";
  let hasVerifier = 1;
}
def Seg_NetworkDropoutOp : Seg_PureOp<"network_dropout", [Seg_NotDifferentiable, SameOperandsAndResultType]> {
  let summary = "Dropout of a network; import makes it seg.dropout or drops it";
  let arguments = (ins Seg_Tensor:$input, F64Attr:$rate);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `rate` $rate attr-dict `:` type($input)";
  let hasVerifier = 1;
}
def Seg_OutputOp : Seg_Op<"output", [Pure, Terminator, ReturnLike, Seg_NotDifferentiable]> {
  let summary = "Ends a region of seg.network";
  let arguments = (ins Variadic<Seg_AnyTensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Seg_FusionOp : Seg_PureOp<"fusion", [IsolatedFromAbove, Seg_Cost, Seg_NotDifferentiable, Seg_ScheduledOpInterface,
                                         SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "One kernel's work";
  let description = [{
    The body has at most one root; pointwise ops around it are its prologue and
    epilogue, and rearrangements may be part of the prologue. Reductions of what
    the root or its epilogue computes may follow, if they implement
    EpilogueReductionOpInterface: statistics. `strategy` is chosen by
    seg-select-strategy, offsets by seg-plan-memory; either may be given.
  }];
  let arguments = (ins Variadic<Seg_AnyTensor>:$inputs, OptionalAttr<Seg_StrategyAttr>:$strategy,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets, OptionalAttr<I64Attr>:$temp_offset);
  let results = (outs Variadic<Seg_AnyTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The op whose loops the kernel has: the first that is neither pointwise
    /// nor a rearrangement, else the last rearrangement; null if all ops are
    /// pointwise.
    ::mlir::Operation *getRoot();
    /// The root, else the first op: what the kernel is named after.
    ::mlir::Operation *getMainOp();
    /// The ops that compute the root's operands while it loads them. A
    /// reduction as root has none: it reads what the epilogue has stored.
    ::llvm::SetVector<::mlir::Operation *> getPrologue();
    /// The pointwise ops that a yielded value depends on without the root in
    /// between; all that are needed if the root is a reduction or null.
    ::llvm::SetVector<::mlir::Operation *> getEpilogue();
    /// The reductions of what the kernel computes or reads, the root among
    /// them if it is one.
    ::llvm::SmallVector<EpilogueReductionOpInterface> getReductions();
    YieldOp getYield();
    /// Whether every op that reads the input does so element by element, at
    /// the place that it writes, and so does what reads that in turn: a result
    /// of its type may overwrite it.
    bool readsElementwise(unsigned input);

    /// Bytes of the temporary and of the partial sums that its strategy says; 0
    /// without one.
    int64_t getTempBytes() { return getStrategy() ? getStrategy()->getTempBytes() : 0; }
    int64_t getSumsBytes() { return getStrategy() ? getStrategy()->getSumsBytes() : 0; }
    /// Whether its temporary is filled ahead of time.
    bool isPrepared() { return getStrategy() && getStrategy()->getPrepared(); }

    // ScheduledOpInterface.
    bool mayOverwrite(::mlir::Value value, ::mlir::Value result);
    int64_t getWorkspaceBytes() { return getStrategy() ? getStrategy()->getWorkspaceBytes() : 0; }
    ::mlir::Operation *getSource(unsigned result);
    void setPlaces(::llvm::ArrayRef<int64_t> offsets, ::std::optional<int64_t> workspace);
  }];
}
def Seg_YieldOp : Seg_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"FusionOp">, Seg_NotDifferentiable]> {
  let summary = "Ends a seg.fusion";
  let arguments = (ins Variadic<Seg_AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* No values. */ }]>];
}

#endif // SEGC_DIALECT_SEG_NETWORK_OPS_TD
