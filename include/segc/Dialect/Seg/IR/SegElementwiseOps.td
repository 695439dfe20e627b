//===- SegElementwiseOps.td - Activations, arithmetic, dropout, softmax *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_ELEMENTWISE_OPS_TD
#define SEGC_DIALECT_SEG_ELEMENTWISE_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

// y = f(x), same shape.
class Seg_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Seg_PureOp<mnemonic, !listconcat([Seg_Pointwise, SameOperandsAndResultType], traits)> {
  let arguments = (ins Seg_Tensor:$input);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

// Operands broadcast to the result as PointwiseOpInterface says.
class Seg_BroadcastOp<string mnemonic, list<Trait> traits = []>
    : Seg_PureOp<mnemonic, !listconcat([Seg_Pointwise], traits)> {
  let results = (outs Seg_Tensor:$output);
}
class Seg_BinaryOp<string mnemonic> : Seg_BroadcastOp<mnemonic, [Seg_Infer, Seg_Differentiable]> {
  let arguments = (ins Seg_Tensor:$lhs, Seg_Tensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Seg_ReluOp : Seg_UnaryOp<"relu", [Seg_Clear, Seg_Differentiable]> { let summary = "max(x, 0)"; }
def Seg_LeakyReluOp : Seg_UnaryOp<"leaky_relu", [Seg_Clear, Seg_Differentiable]> {
  let summary = "x where x > 0, else slope * x; slope > 0";
  let arguments = (ins Seg_Tensor:$input, F64Attr:$slope);
  let assemblyFormat = "$input `slope` $slope attr-dict `:` type($input)";
  let hasVerifier = 1;
}
def Seg_SigmoidOp : Seg_UnaryOp<"sigmoid", [Seg_Infer, Seg_Differentiable]> { let summary = "1 / (1 + exp(-x))"; }
def Seg_ScaleOp : Seg_UnaryOp<"scale", [Seg_Infer, Seg_Differentiable]> {
  let summary = "factor * x";
  let arguments = (ins Seg_Tensor:$input, F64Attr:$factor);
  let assemblyFormat = "$input `by` $factor attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Seg_AddOp : Seg_BinaryOp<"add"> { let summary = "lhs + rhs"; }
def Seg_SubOp : Seg_BinaryOp<"sub"> { let summary = "lhs - rhs"; }
def Seg_MulOp : Seg_BinaryOp<"mul"> { let summary = "lhs * rhs"; }

def Seg_PReluOp : Seg_BroadcastOp<"prelu", [Seg_Infer, Seg_Differentiable]> {
  let summary = "x where x > 0, else slope[c] * x";
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$slope);
  let assemblyFormat = "$input `,` $slope attr-dict `:` functional-type(operands, results)";
}

// Gradients of activations. Those of relu and leaky_relu look at the output,
// whose sign is the input's, so that the input need not be kept.
class Seg_ActivationGradOp<string mnemonic, Trait precision>
    : Seg_PureOp<mnemonic, [precision, Seg_NotDifferentiable, Seg_Pointwise, SameOperandsAndResultType]> {
  let arguments = (ins Seg_Tensor:$output_value, Seg_Tensor:$grad);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$output_value `,` $grad attr-dict `:` type($grad)";
}
def Seg_ReluGradOp : Seg_ActivationGradOp<"relu_grad", Seg_Clear> { let summary = "grad where output > 0, else 0"; }
def Seg_LeakyReluGradOp : Seg_ActivationGradOp<"leaky_relu_grad", Seg_Clear> {
  let summary = "grad where output > 0, else slope * grad";
  let arguments = (ins Seg_Tensor:$output_value, Seg_Tensor:$grad, F64Attr:$slope);
  let assemblyFormat = "$output_value `,` $grad `slope` $slope attr-dict `:` type($grad)";
}
def Seg_SigmoidGradOp : Seg_ActivationGradOp<"sigmoid_grad", Seg_Infer> { let summary = "grad * output * (1 - output)"; }
def Seg_PReluGradOp : Seg_BroadcastOp<"prelu_grad", [Seg_Infer, Seg_NotDifferentiable]> {
  let summary = "grad where input > 0, else slope[c] * grad";
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$slope, Seg_Tensor:$grad);
  let assemblyFormat = "$input `,` $slope `,` $grad attr-dict `:` functional-type(operands, results)";
}
def Seg_PReluSlopeGradOp : Seg_ActivationGradOp<"prelu_slope_grad", Seg_Infer> {
  let summary = "0 where the first operand (the input) > 0, else input * grad; to be summed per channel";
}

def Seg_DropoutOp : Seg_BroadcastOp<"dropout", [Seg_Infer, Seg_Differentiable]> {
  let summary = "Zero with probability rate, else x / (1 - rate)";
  let description = [{
    Element i of the batch is kept iff uniform(seed, step, id, i + sample
    offset * elements a sample) >= rate, with Philox-4x32-10: the mask is a
    pure function of its inputs, is never stored, and is its own adjoint's.
    Only training entries hold the op; import drops it elsewhere.
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Counter:$seed, Seg_Counter:$step, Seg_Counter:$sample_offset,
                       F64Attr:$rate, I64Attr:$id);
  let assemblyFormat = [{
    $input `key` `(` $seed `,` $step `,` $sample_offset `)` `rate` $rate `id` $id attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_SoftmaxOp : Seg_PureOp<"softmax", [Seg_Deny, Seg_FlopsAnElement<20>, Seg_Differentiable, SameOperandsAndResultType]> {
  let summary = "Softmax over the channels";
  let arguments = (ins Seg_Tensor:$input);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}
def Seg_SoftmaxGradOp : Seg_PureOp<"softmax_grad", [Seg_Deny, Seg_FlopsAnElement<4>, Seg_NotDifferentiable, SameOperandsAndResultType]> {
  let summary = "output * (grad - sum over channels of grad * output)";
  let arguments = (ins Seg_Tensor:$output_value, Seg_Tensor:$grad);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$output_value `,` $grad attr-dict `:` type($grad)";
}
def Seg_ChannelTotalOp : Seg_PureOp<"channel_total", [Seg_Deny, Seg_FlopsAnElement<1>, Seg_Differentiable]> {
  let summary = "Sum over the channels: N x spatial x 1";
  let arguments = (ins Seg_Tensor:$input);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}
def Seg_TopKMeanOp : Seg_PureOp<"top_k_mean", [Seg_Deny, Seg_FlopsAnElement<150>, Seg_Differentiable]> {
  let summary = "Mean of the k largest values of a batch";
  let description = [{
    k is `percent` percent of the elements of the batch, rounded down, and at least 1; values are not negative. `threshold` is
    the k-th largest value. Larger ones have the `weight` 1 / k in the mean; those that are equal to it share what is left
    of k in equal parts, the `tie_weight`, so that neither value nor gradient depends on an order.
  }];
  let arguments = (ins Seg_Tensor:$input, F64Attr:$percent);
  let results = (outs Seg_Scalar:$mean, Seg_Scalar:$threshold, Seg_Scalar:$weight, Seg_Scalar:$tie_weight);
  let assemblyFormat = "$input `percent` $percent attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Seg_TopKMeanGradOp : Seg_PureOp<"top_k_mean_grad", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "grad * weight where input > threshold, grad * tie_weight where they are equal, else 0";
  let arguments = (ins Seg_Tensor:$input, Seg_Scalar:$threshold, Seg_Scalar:$weight, Seg_Scalar:$tie_weight, Seg_Scalar:$grad);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $threshold `,` $weight `,` $tie_weight `,` $grad attr-dict `:` functional-type(operands, results)
  }];
}
def Seg_CastOp : Seg_PureOp<"cast", [Seg_Deny, Seg_Differentiable, Seg_Pointwise, SameOperandsAndResultShape]> {
  let summary = "Change of floating-point type, rounding to nearest even";
  let arguments = (ins Seg_Tensor:$input);
  let results = (outs Seg_Tensor:$output);
  let extraClassDeclaration = "bool widens();";
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
}

#endif // SEGC_DIALECT_SEG_ELEMENTWISE_OPS_TD
