//===- SegShapeOps.td - Concat, crop, pad, resize ----------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_SHAPE_OPS_TD
#define SEGC_DIALECT_SEG_SHAPE_OPS_TD

include "mlir/IR/EnumAttr.td"
include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_ConcatOp : Seg_PureOp<"concat", [Seg_Clear, Seg_Differentiable, DeclareOpInterfaceMethods<Seg_RearrangementOpInterface, ["getSource", "getChannelCuts"]>]> {
  let summary = "Concatenation along the channels";
  let arguments = (ins Variadic<Seg_Tensor>:$inputs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Seg_SliceChannelsOp : Seg_PureOp<"slice_channels", [Seg_Clear, Seg_Differentiable]> {
  let summary = "Channels [offset, offset + size of the result)";
  let arguments = (ins Seg_Tensor:$input, I64Attr:$offset);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `from` $offset attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}
def Seg_CropOp : Seg_PureOp<"crop", [Seg_Clear, Seg_Differentiable, Seg_Rearrangement]> {
  let summary = "Spatial window that starts at `offsets`";
  let arguments = (ins Seg_Tensor:$input, DenseI64ArrayAttr:$offsets);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `at` $offsets attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Seg_PadOp : Seg_PureOp<"pad", [Seg_Clear, Seg_Differentiable]> {
  let summary = "Zeros around: the input lies at `low` in the result";
  let arguments = (ins Seg_Tensor:$input, DenseI64ArrayAttr:$low);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `low` $low attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Seg_ResizeNearest : I32EnumAttrCase<"nearest", 0>;
def Seg_ResizeLinear : I32EnumAttrCase<"linear", 1>;
def Seg_ResizeCubic : I32EnumAttrCase<"cubic", 2>;
def Seg_ResizeMode : I32EnumAttr<"ResizeMode", "interpolation", [Seg_ResizeNearest, Seg_ResizeLinear, Seg_ResizeCubic]> {
  let cppNamespace = "::segc::seg";
  let genSpecializedAttr = 0;
}
def Seg_ResizeModeAttr : EnumAttr<Seg_Dialect, Seg_ResizeMode, "resize_mode"> { let assemblyFormat = "$value"; }
def Seg_ResizeOp : Seg_PureOp<"resize", [Seg_Infer, Seg_Differentiable]> {
  let summary = "Resampling to the result's spatial size";
  let description = [{
    Half-pixel centres, src = (dst + 0.5) * in/out - 0.5, edges clamped.
    Nearest takes floor(src + 0.5); cubic is Catmull-Rom (a = -0.5).
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_ResizeModeAttr:$mode);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "`` $mode $input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Seg_ResizeGradOp : Seg_PureOp<"resize_grad", [Seg_Infer, Seg_NotDifferentiable]> {
  let summary = "Transpose of seg.resize";
  let arguments = (ins Seg_Tensor:$grad, Seg_ResizeModeAttr:$mode);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "`` $mode $grad attr-dict `:` type($grad) `->` type($output)";
  let hasVerifier = 1;
}

def Seg_DownsampleLabelsOp : Seg_PureOp<"downsample_labels", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "Labels of a coarser grid: those nearest to its voxels";
  let description = [{
    `out[n, o] = in[n, o*r + r/2]` with `r = in/out` of each spatial dimension,
    rounded down: what nearest neighbours with half-pixel centres are, halves
    rounded up. Labels have no channels.

    ```mlir
    %half = seg.downsample_labels %labels : tensor<2x8x6xi32> -> tensor<2x4x3xi32>
    ```
  }];
  let arguments = (ins Seg_Labels:$input);
  let results = (outs Seg_Labels:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // SEGC_DIALECT_SEG_SHAPE_OPS_TD
