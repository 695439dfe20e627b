//===- SegQuantizeOps.td - Values of 8 bits ----------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_QUANTIZE_OPS_TD
#define SEGC_DIALECT_SEG_QUANTIZE_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_Int8Tensor : Seg_TensorOf<[I8]>;

def Seg_QuantizeOp : Seg_PureOp<"quantize", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise, SameOperandsAndResultShape]> {
  let summary = "x / scale, rounded to the nearest of the whole numbers from -127 to 127";
  let description = [{
    Symmetric quantization of an activation, with one scale for the tensor.
    Larger magnitudes saturate; a NaN becomes any of the numbers. Kernels have
    the numbers in registers or in their scratch memory: no buffer is of i8.

    ```mlir
    %q = seg.quantize %x scale 0.0125 : tensor<1x8x8x16xf32> -> tensor<1x8x8x16xi8>
    ```
  }];
  let arguments = (ins Seg_Tensor:$input, F64Attr:$scale);
  let results = (outs Seg_Int8Tensor:$output);
  let assemblyFormat = "$input `scale` $scale attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Seg_QuantizeFilterOp : Seg_PureOp<"quantize_filter", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "Quantization of a filter, with a scale for each output channel";
  let description = [{
    `scales[k] = max over t, c of |filter[t, c, k]| / 127`, and `quantized` is
    the filter divided by its channel's scale, rounded to the nearest whole
    number; a channel of zeros stays zero. It prepares the filter of the root of
    a seg.fusion, whose kernel lays the numbers out.

    ```mlir
    %q, %s = seg.quantize_filter %w : (tensor<3x3x16x32xf32>) -> (tensor<3x3x16x32xi8>, tensor<32xf32>)
    ```
  }];
  let arguments = (ins Seg_Tensor:$filter);
  let results = (outs Seg_Int8Tensor:$quantized, Seg_Tensor:$scales);
  let assemblyFormat = "$filter attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Seg_DequantizeOp : Seg_PureOp<"dequantize", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "Whole number times its scale: that of the tensor, or of its channel";
  let description = [{
    A convolution whose input and filter are dequantized multiplies the whole
    numbers, adds their products up in i32, and multiplies the sums with the
    scales.

    ```mlir
    %x = seg.dequantize %q scale 0.0125 : (tensor<1x8x8x16xi8>) -> tensor<1x8x8x16xf32>
    %w = seg.dequantize %v scales %s : (tensor<3x3x16x32xi8>, tensor<32xf32>) -> tensor<3x3x16x32xf32>
    ```
  }];
  let arguments = (ins Seg_Int8Tensor:$input, Optional<Seg_Tensor>:$scales, OptionalAttr<F64Attr>:$scale);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input (`scale` $scale^)? (`scales` $scales^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // SEGC_DIALECT_SEG_QUANTIZE_OPS_TD
