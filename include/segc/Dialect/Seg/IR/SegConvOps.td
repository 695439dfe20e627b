//===- SegConvOps.td - Convolutions and their gradients ----*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_CONV_OPS_TD
#define SEGC_DIALECT_SEG_CONV_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

defvar Seg_ConvAttrs = (ins DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pad_low,
                            DenseI64ArrayAttr:$pad_high, OptionalAttr<DenseI64ArrayAttr>:$dilations,
                            DefaultValuedAttr<I64Attr, "1">:$groups);
defvar Seg_ConvFilterAttrs = !con(Seg_ConvAttrs, (ins UnitAttr:$transpose_filter));

class Seg_ConvLikeOp<string mnemonic, list<Trait> traits = []>
    : Seg_PureOp<mnemonic, traits> {
  let hasVerifier = 1;
}

def Seg_ConvOp : Seg_ConvLikeOp<"conv", [Seg_Allow, Seg_Cost, Seg_Differentiable]> {
  let summary = "Convolution (cross-correlation), channels-last";
  let description = [{
    `out[n, o, k] = bias[k] + sum over t, c of in[n, o*stride + t*dilation - pad_low, c] * filter[t, c, k]`,
    zero outside the input. Dilations are 1 unless given. With `groups` the
    channels of input and output are cut into as many parts, and each part of
    the output sees its part of the input: the filter is [taps, in/groups, out],
    and `c` counts within the group. Padding is per side, because TensorFlow's *same*
    and the symmetric convention differ at stride 2 (docs/ReferenceBehaviour.md).
    With `transpose_filter` the filter is [taps, out, in/groups]: the input
    gradient of a transposed convolution.

    ```mlir
    %y = seg.conv %x, %w bias %b strides [2, 2] pad_low [0, 0] pad_high [1, 1]
       : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>) -> tensor<1x4x4x16xf32>
    %z = seg.conv %y, %v strides [1, 1] pad_low [2, 2] pad_high [2, 2] dilations [2, 2] groups 16
       : (tensor<1x4x4x16xf32>, tensor<3x3x1x16xf32>) -> tensor<1x4x4x16xf32>
    ```
  }];
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$filter, Optional<Seg_Tensor>:$bias), Seg_ConvFilterAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`dilations` $dilations^)? (`groups` $groups^)?
    (`transpose_filter` $transpose_filter^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Seg_ConvTransposeOp : Seg_ConvLikeOp<"conv_transpose", [Seg_Allow, Seg_Cost, Seg_Differentiable]> {
  let summary = "Transposed convolution, channels-last";
  let description = [{
    `out[n, i*stride + t*dilation - pad_low, k] += in[n, i, c] * filter[t, c, k]`,
    plus bias; positions outside the output are dropped. The output has
    `(in - 1)*stride + (taps - 1)*dilation + 1 - pad_low - pad_high` elements a
    dimension. With `groups` the filter is [taps, in, out/groups].

    ```mlir
    %y = seg.conv_transpose %x, %w bias %b strides [2, 2] pad_low [0, 0] pad_high [1, 1]
       : (tensor<1x4x4x32xf32>, tensor<3x3x32x16xf32>, tensor<16xf32>) -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$filter, Optional<Seg_Tensor>:$bias), Seg_ConvAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`dilations` $dilations^)? (`groups` $groups^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def Seg_ConvInputGradOp : Seg_ConvLikeOp<"conv_input_grad", [Seg_Allow, Seg_Cost, Seg_NotDifferentiable]> {
  let summary = "Gradient of a convolution with respect to its input";
  let description = [{
    `dx[n, o*stride + t*dilation - pad_low, c] += dy[n, o, k] * filter[t, c, k]`, with
    the attributes of the convolution. The result may be a part of the input's
    channels, from `first_channel` on: the gradient of one operand of a
    concatenation. That is for convolutions of one group.
  }];
  let arguments = !con((ins Seg_Tensor:$grad, Seg_Tensor:$filter), Seg_ConvFilterAttrs,
                       (ins DefaultValuedAttr<I64Attr, "0">:$first_channel));
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $grad `,` $filter `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`dilations` $dilations^)? (`groups` $groups^)?
    (`transpose_filter` $transpose_filter^)? (`first_channel` $first_channel^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Seg_ConvFilterGradOp : Seg_ConvLikeOp<"conv_filter_grad", [Seg_Allow, Seg_Cost, Seg_NotDifferentiable]> {
  let summary = "Gradient of a convolution with respect to its filter";
  let description = [{
    `dw[t, c, k] = sum over n, o of in[n, o*stride + t*dilation - pad_low, c] * dy[n, o, k]`;
    with `transpose_filter` the result is [t, k, c].
  }];
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$grad), Seg_ConvFilterAttrs);
  let results = (outs Seg_Tensor:$output);
  // Summed over voxels, and the gradient of a parameter.
  let extraClassDeclaration = "bool keepsResultWide(unsigned) { return true; }";
  let assemblyFormat = [{
    $input `,` $grad `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`dilations` $dilations^)? (`groups` $groups^)?
    (`transpose_filter` $transpose_filter^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Seg_ChannelSumOp : Seg_PureOp<"channel_sum", [Seg_Deny, Seg_FlopsAnElement<1>, Seg_Differentiable, Seg_EpilogueReduction]> {
  let summary = "Sum over samples and space: one value a channel";
  let description = [{
    The gradient of a bias, and of every other operand that is broadcast over
    all positions.
  }];
  let arguments = (ins Seg_Tensor:$input);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

#endif // SEGC_DIALECT_SEG_CONV_OPS_TD
