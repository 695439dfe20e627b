//===- SegPoolOps.td - Pooling -----------------------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_POOL_OPS_TD
#define SEGC_DIALECT_SEG_POOL_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_MaxPoolOp : Seg_PureOp<"max_pool", [Seg_Clear, Seg_Cost, Seg_Differentiable]> {
  let summary = "Maximum over windows, without padding";
  let description = [{
    `out[n, o, c] = max over t of in[n, o*stride + t, c]`.

    ```mlir
    %y = seg.max_pool %x window [2, 2] strides [2, 2] : tensor<1x8x8x16xf32> -> tensor<1x4x4x16xf32>
    ```
  }];
  let arguments = (ins Seg_Tensor:$input, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `window` $window `strides` $strides attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Seg_MaxPoolGradOp : Seg_PureOp<"max_pool_grad", [Seg_Clear, Seg_Cost, Seg_NotDifferentiable]> {
  let summary = "Gradient of max_pool: to the first maximum of each window";
  let description = [{
    Windows must not overlap (stride at least the window). The first maximum in
    row-major order of the window receives the gradient.
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$grad, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `,` $grad `window` $window `strides` $strides attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

defvar Seg_AvgPoolAttrs = (ins DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pad_low,
                               DenseI64ArrayAttr:$pad_high, UnitAttr:$count_include_pad);

def Seg_AvgPoolOp : Seg_PureOp<"avg_pool", [Seg_Infer, Seg_Cost, Seg_Differentiable]> {
  let summary = "Mean over windows, with padding on each side";
  let description = [{
    `out[n, o, c] = sum over t of in[n, o*stride + t - pad_low, c] / count`, over
    the elements of the window that lie within the input. `count` is how many
    those are, or with `count_include_pad` how many elements the window has.

    ```mlir
    %y = seg.avg_pool %x window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0]
        : tensor<1x8x8x16xf32> -> tensor<1x4x4x16xf32>
    %z = seg.avg_pool %y window [3, 3] strides [1, 1] pad_low [1, 1] pad_high [1, 1] count_include_pad
        : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    ```
  }];
  let arguments = !con((ins Seg_Tensor:$input), Seg_AvgPoolAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `window` $window `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`count_include_pad` $count_include_pad^)? attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Seg_AvgPoolGradOp : Seg_PureOp<"avg_pool_grad", [Seg_Infer, Seg_Cost, Seg_NotDifferentiable]> {
  let summary = "Gradient of avg_pool: an equal share to each element of a window";
  let description = [{
    `dx[n, o*stride + t - pad_low, c] += dy[n, o, c] / count`, with the pooling's
    attributes; windows may overlap.
  }];
  let arguments = !con((ins Seg_Tensor:$grad), Seg_AvgPoolAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $grad `window` $window `strides` $strides `pad_low` $pad_low `pad_high` $pad_high
    (`count_include_pad` $count_include_pad^)? attr-dict `:` type($grad) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // SEGC_DIALECT_SEG_POOL_OPS_TD
