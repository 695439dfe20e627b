//===- ExecOps.td - Programs, launches, library calls, collectives *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_EXEC_OPS_TD
#define SEGC_DIALECT_EXEC_OPS_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "segc/Dialect/Exec/IR/ExecBase.td"

def Exec_BufferArray : TypedArrayAttrBase<Exec_BufferAttr, "array of buffers">;
def Exec_Tensors : Variadic<AnyStaticShapeTensor>;
// The stream that everything is on unless a command says otherwise.
def Exec_Stream : DefaultValuedStrAttr<StrAttr, "compute">;

def Exec_FusionOp : Exec_Op<"fusion", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "Computation of the kernels of a launch";
  let description = [{
    Holds one op (a `seg.fusion` with its strategy) that reads the arguments in
    order, and yields its results. Launches of the same work name the same
    `exec.fusion`. Nothing is computed here: code is generated from it, and the
    reference evaluation computes it.

    ```mlir
    exec.fusion @f0_relu(%x: tensor<2x8x8x4xf32>) {
      %0 = seg.fusion (%a = %x : tensor<2x8x8x4xf32>) -> (tensor<2x8x8x4xf32>) { ... }
      exec.yield %0 : tensor<2x8x8x4xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The op whose work this is.
    ::mlir::Operation *getComputation() { return &getBody().front().front(); }
    ::mlir::TypeRange getInputTypes() { return getBody().getArgumentTypes(); }
    ::mlir::TypeRange getOutputTypes() { return getComputation()->getResultTypes(); }
  }];
}
def Exec_YieldOp : Exec_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"FusionOp">]> {
  let summary = "Terminator of exec.fusion";
  let arguments = (ins Exec_Tensors:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Exec_ProgramOp : Exec_Op<"program", [Symbol, IsolatedFromAbove, SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "An entry of a model: commands in the order in which they are enqueued";
  let description = [{
    The arguments are what the call brings, each with its name and place.
    `arena` is the size of the region of that name in bytes and `bound` the most
    of them that hold a value at one time; `batch` is the largest number of
    samples, for which values have their types.

    ```mlir
    exec.program @predict batch 2 arena 4096 bound 4096
        (%x = "image" inputs[0] : tensor<2x8x8x4xf32>) {
      %0 = exec.launch [@k0_relu] (%x : tensor<2x8x8x4xf32>) -> (arena + 0 : tensor<2x8x8x4xf32>)
      %1 = exec.launch [@k0_relu] (%0 : tensor<2x8x8x4xf32>) -> (outputs[0] : tensor<2x8x8x4xf32>)
      exec.return (%1 as "y" : tensor<2x8x8x4xf32>)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$batch, I64Attr:$arena, I64Attr:$bound,
                       StrArrayAttr:$argument_names, Exec_BufferArray:$argument_buffers);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// What its `exec.return` hands over.
    ReturnOp getReturn();
    /// The arguments or results of a region that is a list, by index; holes are null.
    ::llvm::SmallVector<::mlir::Value> getListed(Region region);
    /// The name of an argument or of a value that is returned; else empty.
    ::llvm::StringRef getValueName(::mlir::Value value);
  }];
}
def Exec_ReturnOp : Exec_Op<"return", [Terminator, ReturnLike, HasParent<"ProgramOp">]> {
  let summary = "Terminator of exec.program, with the values that outlive the call";
  let description = "Their buffers are outside the arena.";
  let arguments = (ins Exec_Tensors:$values, StrArrayAttr:$names);
  let assemblyFormat = "custom<NamedValues>($values, type($values), $names) attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange(), $_builder.getStrArrayAttr({})); }]>];
  let hasVerifier = 1;
}

class Exec_Command<string mnemonic, list<Trait> traits = []>
    : Exec_Op<mnemonic, !listconcat([HasParent<"ProgramOp">], traits)>;
// Commands that say where their results lie.
class Exec_PlacingCommand<string mnemonic, list<Trait> traits = []>
    : Exec_Command<mnemonic, !listconcat([DeclareOpInterfaceMethods<Exec_CommandOpInterface>], traits)> {
  let results = (outs Exec_Tensors:$outputs);
  let hasVerifier = 1;
}

def Exec_LaunchOp : Exec_PlacingCommand<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Launch of the kernels of a fusion, in order";
  let description = [{
    The kernels get the memory of the operands, of the results and of the
    `temporaries`, which hold what one leaves for the next. A temporary in the
    region `prepared` was filled by an `exec.prepare` of the fusion's first
    kernel, which is left out here. `label` is what observers are told and
    `layer` the layer of the network. Where there is a `call`, a runtime calls
    the library with operands and results instead, or launches the kernels.
    Of a `sharded` launch, a rank runs the tasks of the first kernel that are
    slices of its own: it needs no more of flat operands, and writes no more of
    flat results. Partial results in a temporary are gathered from all ranks for
    the second kernel.

    ```mlir
    %1 = exec.launch [@k1_conv, @k1_conv_1] (%0 : tensor<2x8x8x4xf32>, %w : tensor<3x3x4x4xf32>)
        -> (arena + 0 : tensor<2x8x8x4xf32>) temporaries (arena + 8192 : tensor<256xf32>)
        call <"cudnn" inputs [0, 1] {convolution = "forward"}> stream "compute" layer "down1.conv"
    ```
  }];
  let arguments = (ins Exec_Tensors:$inputs, SymbolRefArrayAttr:$kernels, Exec_BufferArray:$buffers,
                       Exec_BufferArray:$temporaries, OptionalAttr<Exec_LibraryCallAttr>:$call,
                       UnitAttr:$sharded, Exec_Stream:$stream, OptionalAttr<StrAttr>:$layer, OptionalAttr<StrAttr>:$label);
  let assemblyFormat = [{
    $kernels custom<Reads>($inputs, type($inputs)) `->` custom<Buffers>($buffers, type($outputs))
    custom<Temporaries>($temporaries) (`call` $call^)? (`sharded` $sharded^)? (`stream` $stream^)? (`layer` $layer^)? (`label` $label^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// What the kernels compute.
    FusionOp getFusion();
    /// The functions of the kernels.
    ::llvm::SmallVector<::mlir::Operation *> getKernelFunctions();
    /// Whether a temporary was filled beforehand.
    bool isPrepared();
    /// The first kernel whose tasks grow with the batch (others lay out filters
    /// or merge partial results), else the first: what the work is counted at.
    size_t getMainKernel();
    /// How ranks share the elements of the largest operand, the flat one; null
    /// if the first kernel has no slices.
    ShardsAttr getShards();
    /// The same for the partial results in the first temporary; null if there
    /// are none.
    ShardsAttr getShardsOfPartials();
  }];
}

def Exec_PrepareOp : Exec_PlacingCommand<"prepare", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Packs an operand ahead of the launches of a fusion";
  let description = [{
    Runs the first kernel of a fusion, which reads nothing but operand number
    `position` of the fusion, and fills the temporary of its launches.

    ```mlir
    %0 = exec.prepare @k1_conv operand 1 (%w : tensor<3x3x4x4xf32>) -> (prepared + 0 : tensor<256xf32>)
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, I64Attr:$position, AnyStaticShapeTensor:$input,
                       Exec_BufferArray:$buffers, Exec_Stream:$stream, OptionalAttr<StrAttr>:$label);
  let results = (outs AnyStaticShapeTensor:$output);
  let assemblyFormat = [{
    $kernel `operand` $position custom<Read>($input, type($input)) `->` custom<Buffer>($buffers, type($output))
    (`stream` $stream^)? (`label` $label^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// What the launches that read it compute.
    FusionOp getFusion();
    ::mlir::Operation *getKernelFunction();
  }];
}

def Exec_CallOp : Exec_PlacingCommand<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Call of a library that computes a fusion without kernels";
  let description = [{
    Attributes are what the library is told. A fusion that has kernels too is an
    `exec.launch` with a `call`.

    ```mlir
    %1 = exec.call "cudnn" @f1_conv (%0 : tensor<2x8x8x4xf32>, %w : tensor<3x3x4x4xf32>)
        -> (arena + 0 : tensor<2x8x8x4xf32>) temporaries (arena + 8192 : tensor<256xf32>) {engine = 3 : i64}
    ```
  }];
  let arguments = (ins Exec_Tensors:$inputs, StrAttr:$library, FlatSymbolRefAttr:$fusion, Exec_BufferArray:$buffers,
                       Exec_BufferArray:$temporaries, Exec_Stream:$stream);
  let assemblyFormat = [{
    $library $fusion custom<Reads>($inputs, type($inputs)) `->` custom<Buffers>($buffers, type($outputs))
    custom<Temporaries>($temporaries) (`stream` $stream^)? attr-dict
  }];
  let extraClassDeclaration = [{
    FusionOp getFusionOp();
  }];
}

def Exec_CopyOp : Exec_PlacingCommand<"copy"> {
  let summary = "Copy of a tensor to another buffer";
  let description = [{
    ```mlir
    %1 = exec.copy (%0 : tensor<16xf32>) -> (outputs[1] : tensor<16xf32>) stream "copy"
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, Exec_BufferArray:$buffers, Exec_Stream:$stream);
  let results = (outs AnyStaticShapeTensor:$output);
  let assemblyFormat = [{
    custom<Read>($input, type($input)) `->` custom<Buffer>($buffers, type($output)) (`stream` $stream^)? attr-dict
  }];
}

def Exec_JoinOp : Exec_PlacingCommand<"join"> {
  let summary = "Adjacent tensors as one tensor";
  let description = [{
    Nothing moves, and a runtime has nothing to do: optimizers read all
    gradients as one tensor. The bytes between the operands are those of the
    region, which are zero.

    ```mlir
    %all = exec.join (%g0 : tensor<9xf32>, %g1 : tensor<16xf32>) -> (gradients + 0 : tensor<32xf32>)
    ```
  }];
  let arguments = (ins Exec_Tensors:$inputs, Exec_BufferArray:$buffers, Exec_Stream:$stream);
  let results = (outs AnyStaticShapeTensor:$output);
  let assemblyFormat = [{
    custom<Reads>($inputs, type($inputs)) `->` custom<Buffer>($buffers, type($output)) (`stream` $stream^)? attr-dict
  }];
}

def Exec_CollectiveKind : I32EnumAttr<"CollectiveKind", "kind of a collective", [
    I32EnumAttrCase<"Sum", 0, "sum">,
    I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Broadcast", 3, "broadcast">,
    I32EnumAttrCase<"ReduceScatter", 4, "reduce_scatter">,
    I32EnumAttrCase<"AllGather", 5, "all_gather">]> {
  let cppNamespace = "::segc::exec";
  let genSpecializedAttr = 0;
}
def Exec_CollectiveKindAttr : EnumAttr<Exec_Dialect, Exec_CollectiveKind, "collective_kind"> {
  let assemblyFormat = "$value";
}

def Exec_CollectiveOp : Exec_PlacingCommand<"collective"> {
  let summary = "Start of a collective over all ranks";
  let description = [{
    An all-reduce leaves the `sum`, `mean` or `max` of each tensor over the
    ranks, in the order of the ranks; `broadcast` leaves that of rank 0. Where
    ranks have shards of a flat tensor, `reduce_scatter` leaves each the mean of
    its own elements and nothing in others, and `all_gather` leaves all what
    their owners had. The tensors are one bucket: they follow one another in one region, and are of
    one element type; they usually stay where they are. The token says when it
    is done, for `exec.wait` of other streams. Where values of f32 travel `as` a
    type of 16 bits, those of each rank are rounded to it, their sum is one of
    f32, and the result is rounded to it.

    ```mlir
    %sums:2, %t = exec.collective sum (%g0 : tensor<16xf32>, %g1 : tensor<64xf32>)
        -> (gradients + 0 : tensor<16xf32>, gradients + 64 : tensor<64xf32>) as bf16 stream "communication"
    %mine:2, %s = exec.collective reduce_scatter (%g0 : tensor<16xf32>, %g1 : tensor<64xf32>)
        -> (gradients + 0 : tensor<16xf32>, gradients + 64 : tensor<64xf32>) shards <elements 80 slice 16>
    ```
  }];
  let arguments = (ins Exec_CollectiveKindAttr:$kind, Exec_Tensors:$inputs, Exec_BufferArray:$buffers,
                       OptionalAttr<TypeAttr>:$travels, OptionalAttr<Exec_ShardsAttr>:$shards, Exec_Stream:$stream);
  let results = (outs Exec_Tensors:$outputs, Exec_TokenType:$done);
  let assemblyFormat = [{
    $kind custom<Reads>($inputs, type($inputs)) `->` custom<Buffers>($buffers, type($outputs))
    (`as` $travels^)? (`shards` $shards^)? (`stream` $stream^)? attr-dict
  }];
}

// One number of a call.
class Exec_Scalar<Type element, string build>
    : Type<CPred<"$_self == ::mlir::RankedTensorType::get({}, ::mlir::Builder($_self.getContext())." # build # "())">,
           "0D tensor of " # element.summary, "::mlir::RankedTensorType">,
      BuildableType<"::mlir::RankedTensorType::get({}, $_builder." # build # "())">;
def Exec_F32Scalar : Exec_Scalar<F32, "getF32Type">;
def Exec_I64Scalar : Exec_Scalar<I64, "getI64Type">;

def Exec_AdvanceScalarsOp : Exec_Command<"advance_scalars", [DeclareOpInterfaceMethods<Exec_CommandOpInterface>]> {
  let summary = "Ends an optimizer step: counts it and adapts the loss scale";
  let description = [{
    `finite` is not 0 if every gradient was finite. Then `step` grows by one and
    `skipped_steps` becomes 0; else `skipped_steps` grows by one. With a
    `growth_interval` greater than 0, `finite_steps` counts the finite steps in
    a row; when they are as many as `growth_interval`, the loss scale doubles
    (at most to the largest f32) and the count starts again. A step that was
    not finite halves the loss scale (at least to 1) and clears the count.

    The scalars are arguments of the program in the region `scalars`. The
    results are the next `step`, `loss_scale`, `finite_steps` and
    `skipped_steps`, and take the places of the old ones.

    ```mlir
    %next:4 = exec.advance_scalars finite %finite step %step loss_scale %scale growth_interval %interval
        finite_steps %run skipped_steps %skipped
    ```
  }];
  let arguments = (ins Exec_F32Scalar:$finite, Exec_I64Scalar:$step, Exec_F32Scalar:$loss_scale,
                       Exec_I64Scalar:$growth_interval, Exec_I64Scalar:$finite_steps,
                       Exec_I64Scalar:$skipped_steps, Exec_Stream:$stream);
  let results = (outs Exec_I64Scalar:$next_step, Exec_F32Scalar:$next_loss_scale,
                      Exec_I64Scalar:$next_finite_steps, Exec_I64Scalar:$next_skipped_steps);
  let assemblyFormat = [{
    `finite` $finite `step` $step `loss_scale` $loss_scale `growth_interval` $growth_interval
    `finite_steps` $finite_steps `skipped_steps` $skipped_steps (`stream` $stream^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Exec_RecordOp : Exec_Command<"record"> {
  let summary = "Token for the earlier commands of a stream";
  let description = [{
    ```mlir
    %t = exec.record stream "compute"
    ```
  }];
  let arguments = (ins StrAttr:$stream);
  let results = (outs Exec_TokenType:$done);
  let assemblyFormat = "`stream` $stream attr-dict";
}
def Exec_WaitOp : Exec_Command<"wait"> {
  let summary = "Makes later commands of a stream wait for tokens";
  let description = [{
    ```mlir
    exec.wait %t stream "communication"
    ```
  }];
  let arguments = (ins Variadic<Exec_TokenType>:$tokens, StrAttr:$stream);
  let assemblyFormat = "$tokens `stream` $stream attr-dict";
}

#endif // SEGC_DIALECT_EXEC_OPS_TD
