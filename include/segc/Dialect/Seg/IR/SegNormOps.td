//===- SegNormOps.td - Batch, instance and group normalisation *- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_NORM_OPS_TD
#define SEGC_DIALECT_SEG_NORM_OPS_TD

include "mlir/IR/EnumAttr.td"
include "segc/Dialect/Seg/IR/SegBase.td"

def Seg_NormBatch : I32EnumAttrCase<"batch", 0>;
def Seg_NormInstance : I32EnumAttrCase<"instance", 1>;
def Seg_NormGroup : I32EnumAttrCase<"group", 2>;
def Seg_NormKind : I32EnumAttr<"NormKind", "over what statistics are taken",
                               [Seg_NormBatch, Seg_NormInstance, Seg_NormGroup]> {
  let cppNamespace = "::segc::seg";
  let genSpecializedAttr = 0;
}
def Seg_NormKindAttr : EnumAttr<Seg_Dialect, Seg_NormKind, "norm_kind"> { let assemblyFormat = "$value"; }

defvar Seg_NormAttrs = (ins Seg_NormKindAttr:$kind, DefaultValuedAttr<I64Attr, "0">:$groups, F64Attr:$epsilon);

def Seg_BatchNormOp : Seg_PureOp<"batch_norm", [Seg_NotDifferentiable]> {
  let summary = "Batch norm of a network, with its running statistics";
  let description = [{
    Occurs in a network's forward region only: import replaces it by
    `seg.norm` with `seg.running_mean`/`seg.running_variance` in training
    entries and by `seg.batch_norm_inference` elsewhere.
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$gamma, Seg_Tensor:$beta, Seg_Tensor:$running_mean,
                       Seg_Tensor:$running_variance, F64Attr:$epsilon, F64Attr:$momentum);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `running` $running_mean `,` $running_variance
    `epsilon` $epsilon `momentum` $momentum attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_BatchNormInferenceOp : Seg_PureOp<"batch_norm_inference", [Seg_Infer, Seg_Differentiable, Seg_Pointwise]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * gamma + beta";
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$gamma, Seg_Tensor:$beta, Seg_Tensor:$mean,
                       Seg_Tensor:$variance, F64Attr:$epsilon);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `,` $mean `,` $variance `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_NormOp : Seg_PureOp<"norm", [Seg_Deny, Seg_Differentiable]> {
  let summary = "Normalisation by the statistics of its own input";
  let description = [{
    `out = (in - mean) * rstd * gamma + beta` with `rstd = 1/sqrt(var + epsilon)`
    and the population variance. Statistics are per channel (`batch`), per
    sample and channel (`instance`) or per sample and group (`group`, equal
    values in a group's channels). mean and rstd are [C] for batch, else [N, C].

    ```mlir
    %y, %mean, %rstd = seg.norm instance %x, %gamma, %beta epsilon 1.0e-3
       : (tensor<2x8x8x8x32xf32>, tensor<32xf32>, tensor<32xf32>)
       -> (tensor<2x8x8x8x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>)
    ```
  }];
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$gamma, Seg_Tensor:$beta), Seg_NormAttrs);
  let results = (outs Seg_Tensor:$output, Seg_Tensor:$mean, Seg_Tensor:$rstd);
  let assemblyFormat = [{
    `` $kind $input `,` $gamma `,` $beta (`groups` $groups^)? `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_NormGradOp : Seg_PureOp<"norm_grad", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "Gradients of seg.norm: input, gamma, beta";
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$grad, Seg_Tensor:$gamma, Seg_Tensor:$mean, Seg_Tensor:$rstd), Seg_NormAttrs);
  let results = (outs Seg_Tensor:$input_grad, Seg_Tensor:$gamma_grad, Seg_Tensor:$beta_grad);
  let assemblyFormat = [{
    `` $kind $input `,` $grad `,` $gamma `,` $mean `,` $rstd (`groups` $groups^)? `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_NormStatsOp : Seg_PureOp<"norm_stats", [Seg_Deny, Seg_FlopsAnElement<4>, Seg_NotDifferentiable, Seg_EpilogueReduction]> {
  let summary = "Statistics of seg.norm: mean and 1/sqrt(var + epsilon)";
  let description = "Merged over tiles in fixed order (Chan, Golub, LeVeque), so that a large mean does not cancel.";
  let arguments = !con((ins Seg_Tensor:$input), Seg_NormAttrs);
  let results = (outs Seg_Tensor:$mean, Seg_Tensor:$rstd);
  let assemblyFormat = "`` $kind $input (`groups` $groups^)? `epsilon` $epsilon attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Seg_NormApplyOp : Seg_PureOp<"norm_apply", [Seg_Infer, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "(in - mean) * rstd * gamma + beta";
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$mean, Seg_Tensor:$rstd, Seg_Tensor:$gamma, Seg_Tensor:$beta);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `,` $mean `,` $rstd `,` $gamma `,` $beta attr-dict `:` functional-type(operands, results)";
}

def Seg_NormGradStatsOp : Seg_PureOp<"norm_grad_stats", [Seg_Deny, Seg_FlopsAnElement<5>, Seg_NotDifferentiable, DeclareOpInterfaceMethods<Seg_EpilogueReductionOpInterface, ["getReduced"]>]> {
  let summary = "The sums that seg.norm's gradient needs";
  let description = [{
    With xhat = (in - mean) * rstd: `mean_grad` = mean(gamma*grad) and
    `mean_grad_xhat` = mean(gamma*grad*xhat) over the set that shares
    statistics (shapes of mean), `gamma_grad` = sum(grad*xhat) and
    `beta_grad` = sum(grad) per channel.
  }];
  let arguments = !con((ins Seg_Tensor:$input, Seg_Tensor:$grad, Seg_Tensor:$gamma, Seg_Tensor:$mean, Seg_Tensor:$rstd), Seg_NormAttrs);
  let results = (outs Seg_Tensor:$mean_grad, Seg_Tensor:$mean_grad_xhat, Seg_Tensor:$gamma_grad, Seg_Tensor:$beta_grad);
  let assemblyFormat = [{
    `` $kind $input `,` $grad `,` $gamma `,` $mean `,` $rstd (`groups` $groups^)? `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_NormGradApplyOp : Seg_PureOp<"norm_grad_apply", [Seg_Infer, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "rstd * (gamma*grad - mean_grad - xhat*mean_grad_xhat)";
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$grad, Seg_Tensor:$gamma, Seg_Tensor:$mean, Seg_Tensor:$rstd,
                       Seg_Tensor:$mean_grad, Seg_Tensor:$mean_grad_xhat);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $grad `,` $gamma `,` $mean `,` $rstd `,` $mean_grad `,` $mean_grad_xhat attr-dict `:` functional-type(operands, results)
  }];
}

// Statistics of all ranks' samples from those of each (seg-sync-batch).
def Seg_NormDeviationOp : Seg_PureOp<"norm_deviation", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "1/rstd^2 + (mean - center)^2: mean squared deviation from another mean, plus epsilon";
  let arguments = (ins Seg_Tensor:$mean, Seg_Tensor:$rstd, Seg_Tensor:$center);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$mean `,` $rstd `,` $center attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Seg_NormRstdOp : Seg_PureOp<"norm_rstd", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise, SameOperandsAndResultType]> {
  let summary = "1/sqrt(deviation), epsilon included";
  let arguments = (ins Seg_Tensor:$deviation);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$deviation attr-dict `:` type($deviation)";
  let hasVerifier = 1;
}

def Seg_RunningMeanOp : Seg_PureOp<"running_mean", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "momentum * running + (1 - momentum) * mean; running where that is not finite";
  let arguments = (ins Seg_Tensor:$running, Seg_Tensor:$mean, F64Attr:$momentum);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$running `,` $mean `momentum` $momentum attr-dict `:` functional-type(operands, results)";
}

def Seg_RunningVarianceOp : Seg_PureOp<"running_variance", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "momentum * running + (1 - momentum) * (1/rstd^2 - epsilon); running where that is not finite";
  let arguments = (ins Seg_Tensor:$running, Seg_Tensor:$rstd, F64Attr:$momentum, F64Attr:$epsilon);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$running `,` $rstd `momentum` $momentum `epsilon` $epsilon attr-dict `:` functional-type(operands, results)";
}

#endif // SEGC_DIALECT_SEG_NORM_OPS_TD
