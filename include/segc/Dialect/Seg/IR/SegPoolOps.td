//===- SegPoolOps.td - Pooling *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_POOL_OPS_TD
#define SEGC_DIALECT_SEG_POOL_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_MaxPoolOp : Seg_PureOp<"max_pool", [Seg_Clear, Seg_Differentiable]> {
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

def Seg_MaxPoolGradOp : Seg_PureOp<"max_pool_grad", [Seg_Clear, Seg_NotDifferentiable]> {
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

#endif // SEGC_DIALECT_SEG_POOL_OPS_TD
