//===- ExecBase.td - Dialect, buffers, the interface of commands *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_EXEC_BASE_TD
#define SEGC_DIALECT_EXEC_BASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Exec_Dialect : Dialect {
  let name = "exec";
  let cppNamespace = "::segc::exec";
  let summary = "Programs of a runtime, in one form for all targets";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let description = [{
    An `exec.program` is an entry of a model: commands that launch kernels, call
    libraries, copy and communicate, in the order in which a runtime enqueues
    them. Values are tensors; the command that defines a value says where it
    lies, as a `#exec.buffer`. Who reads what, and in which order, is thus in
    the IR twice, by values and by bytes, and `exec-verify` holds one against
    the other. See docs/Programs.md.
  }];
}

def Exec_Region : I32EnumAttr<"Region", "memory of a call", [
    I32EnumAttrCase<"Arena", 0, "arena">,
    I32EnumAttrCase<"Inputs", 1, "inputs">,
    I32EnumAttrCase<"Outputs", 2, "outputs">,
    I32EnumAttrCase<"Parameters", 3, "parameters">,
    I32EnumAttrCase<"States", 4, "states">,
    I32EnumAttrCase<"Gradients", 5, "gradients">,
    I32EnumAttrCase<"Optimizer", 6, "optimizer">,
    I32EnumAttrCase<"Scalars", 7, "scalars">,
    I32EnumAttrCase<"Prepared", 8, "prepared">]> {
  let cppNamespace = "::segc::exec";
  let genSpecializedAttr = 0;
}

class Exec_Attr<string name, string attrMnemonic> : AttrDef<Exec_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Exec_BufferAttr : Exec_Attr<"Buffer", "buffer"> {
  let summary = "Buffer of a row-major tensor";
  let description = [{
    The regions `inputs` and `outputs` are lists of buffers: `index` says which.
    All others are flat: `offset` counts bytes from their start.

    ```mlir
    #exec.buffer<inputs[0] : tensor<2x8x8x1xf32>>
    #exec.buffer<arena + 4096 : tensor<2x8x8x16xf32>>
    ```
  }];
  let parameters = (ins EnumParameter<Exec_Region>:$region, "int64_t":$index, "int64_t":$offset,
                        "::mlir::RankedTensorType":$type);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    AttrBuilderWithInferredContext<(ins "Region":$region, "int64_t":$position, "::mlir::RankedTensorType":$type), [{
      bool list = isList(region);
      return $_get(type.getContext(), region, list ? position : 0, list ? 0 : position, type);
    }]>
  ];
  let extraClassDeclaration = [{
    /// Whether the region is a list of buffers.
    static bool isList(Region region) { return region == Region::Inputs || region == Region::Outputs; }
    int64_t getBytes() const;
    /// First byte behind it, in its region.
    int64_t getEnd() const { return getOffset() + getBytes(); }
    /// The same place, whatever lies there.
    bool samePlace(BufferAttr other) const;
    /// Whether they share bytes.
    bool overlaps(BufferAttr other) const;
    /// Whether one collective may take both: it is the next buffer behind
    /// `before`, of the same element type.
    bool follows(BufferAttr before) const;
    /// As in the text: "arena + 4096".
    std::string place() const;
  }];
}

def Exec_TensorMapAttr : Exec_Attr<"TensorMap", "tensor_map"> {
  let summary = "Operand of a kernel as a GPU's copy engine sees it";
  let description = [{
    A tensor in buffer number `operand` of the kernel, `offset` bytes from its
    start, of which the kernel copies boxes (a tiled tensor map of CUDA).
    Everything counts from the innermost dimension: sizes, strides in bytes, the
    sizes of a `box`, and the `steps` from one of its elements to the next.
    Pieces of 16 bytes are permuted in rows of `swizzle` bytes. The size of
    dimension `samples` is multiplied by the number of samples; the rank as its
    number means none. What a box has outside the tensor is zero.

    ```mlir
    #exec.tensor_map<operand 0 + 0 : bf16 sizes [64, 28, 28, 1] strides [2, 128, 3584, 100352]
        box [64, 16, 8, 1] steps [1, 1, 1, 1] swizzle 128 samples 3>
    ```
  }];
  let parameters = (ins "int64_t":$operand, "int64_t":$offset, "::mlir::Type":$element,
                        ArrayRefParameter<"int64_t">:$sizes, ArrayRefParameter<"int64_t">:$strides,
                        ArrayRefParameter<"int64_t">:$box, ArrayRefParameter<"int64_t">:$steps,
                        "int64_t":$swizzle, "int64_t":$samples);
  let assemblyFormat = [{
    `<` `operand` $operand `+` $offset `:` $element `sizes` ` ` `[` $sizes `]` `strides` ` ` `[` $strides `]`
        `box` ` ` `[` $box `]` `steps` ` ` `[` $steps `]` `swizzle` $swizzle `samples` $samples `>`
  }];
  let genVerifyDecl = 1;
}

def Exec_KernelAttr : Exec_Attr<"Kernel", "kernel"> {
  let summary = "Launch data of a kernel";
  let description = [{
    Of a function, as its attribute `exec.kernel`: it is launch number `launch`
    of those that compute the `exec.fusion`, has
    `tasks + tasksPerSample * n` tasks for n samples, and needs `scratch` bytes
    for each worker. A task of a GPU is a block of `threads` threads that share
    `shared` bytes, and its parameters end with tensor `maps`. A `dependent`
    kernel waits for the kernel in front of it before it accesses memory, so it
    may be launched before that has ended. A task of a kernel with a `slice`
    reads so many elements of flat operands, and writes those of flat results or
    one partial result of the first temporary: tasks may be shared by ranks. The
    function is a declaration until code is generated.

    ```mlir
    #exec.kernel<@f3_conv launch 0 tasks 0 + 64 * n scratch 4096>
    #exec.kernel<@f3_conv launch 0 tasks 0 + 64 * n scratch 0 threads 128 shared 16384>
    ```
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$fusion, "int64_t":$launch, "int64_t":$tasks,
                        "int64_t":$tasksPerSample, "int64_t":$scratch,
                        DefaultValuedParameter<"int64_t", "0">:$threads,
                        DefaultValuedParameter<"int64_t", "0">:$shared,
                        DefaultValuedParameter<"bool", "false">:$dependent,
                        DefaultValuedParameter<"int64_t", "0">:$slice,
                        OptionalArrayRefParameter<"::segc::exec::TensorMapAttr">:$maps);
  let assemblyFormat = [{
    `<` $fusion `launch` $launch `tasks` $tasks `+` $tasksPerSample `*` `n` `scratch` $scratch
        (`threads` $threads^)? (`shared` $shared^)? (`dependent` $dependent^)?
        (`slice` $slice^)? (`maps` ` ` `[` $maps^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

def Exec_ShardsAttr : Exec_Attr<"Shards", "shards"> {
  let summary = "How ranks share a flat tensor";
  let description = [{
    `elements` are cut into slices of `slice`, the last of which may be shorter.
    Of S slices, rank r of N has those from `S * r / N` to `S * (r + 1) / N`.
    The values that this belongs to begin at element `offset`.

    ```mlir
    #exec.shards<elements 31196 slice 4096 offset 16384>
    ```
  }];
  let parameters = (ins "int64_t":$elements, "int64_t":$slice, DefaultValuedParameter<"int64_t", "0">:$offset);
  let assemblyFormat = "`<` `elements` $elements `slice` $slice (`offset` $offset^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The rank, of `ranks`, whose element `i` of the whole is.
    int64_t getOwner(int64_t i, int64_t ranks) const;
  }];
}

def Exec_LibraryCallAttr : Exec_Attr<"LibraryCall", "library_call"> {
  let summary = "Call of a library that computes the same as the kernels of a launch";
  let description = [{
    Its operands are the `inputs` of the launch with these numbers, then all
    results. The options are what the library is told, as a JSON object in the
    tables of a model (docs/RuntimeABI.md).

    ```mlir
    #exec.library_call<"cudnn" inputs [1, 0] {convolution = "filter_gradient", strides = array<i64: 1, 1>}>
    ```
  }];
  let parameters = (ins "::mlir::StringAttr":$library, ArrayRefParameter<"int64_t">:$inputs,
                        "::mlir::DictionaryAttr":$options);
  let assemblyFormat = "`<` $library `inputs` ` ` `[` $inputs `]` $options `>`";
}

def Exec_TokenType : TypeDef<Exec_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "Completion of commands, for which other streams may wait";
}

def Exec_CommandOpInterface : OpInterface<"CommandOpInterface"> {
  let cppNamespace = "::segc::exec";
  let description = [{
    What a runtime enqueues on a stream and what accesses memory: it reads the
    tensors among its operands and writes its tensor results. Commands of one
    stream run one after another; those of two streams in any order, except as
    `exec.record`, `exec.wait` and the tokens of collectives say.
  }];
  let methods = [
    InterfaceMethod<"Tensors that it reads.", "::mlir::ValueRange", "getReads">,
    InterfaceMethod<"Tensors that it writes.", "::mlir::ResultRange", "getWrites">,
    InterfaceMethod<"The buffer of a result, by its index in `getWrites`.",
                    "::segc::exec::BufferAttr", "getBuffer", (ins "unsigned":$write)>,
    InterfaceMethod<"Temporary buffers of the command, as `#exec.buffer`s.",
                    "::llvm::ArrayRef<::mlir::Attribute>", "getWorkspace">,
    InterfaceMethod<"The stream of the command.", "::llvm::StringRef", "getStreamName", (ins), "",
                    "return $_op.getStream();">
  ];
}

class Exec_Op<string mnemonic, list<Trait> traits = []> : Op<Exec_Dialect, mnemonic, traits>;

#endif // SEGC_DIALECT_EXEC_BASE_TD
