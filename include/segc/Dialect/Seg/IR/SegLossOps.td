//===- SegLossOps.td - Losses on logits and class indices --*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_LOSS_OPS_TD
#define SEGC_DIALECT_SEG_LOSS_OPS_TD

include "segc/Dialect/Seg/IR/SegBase.td"

// A kernel that computes the logits can compute the loss of each tile.
def Seg_LogitsReduction
    : DeclareOpInterfaceMethods<Seg_EpilogueReductionOpInterface, ["getReduced"]>;

// Classes that overlap: a voxel is in each region that has its label's value.
def Seg_Regions : TypedArrayAttrBase<I64ArrayAttr, "label values of each region">;

defvar Seg_DiceAttrs = (ins UnitAttr:$squared, UnitAttr:$batch_reduce, UnitAttr:$exclude_background,
                            UnitAttr:$sum_classes, F64Attr:$smooth, UnitAttr:$masked,
                            OptionalAttr<Seg_Regions>:$regions, OptionalAttr<I64Attr>:$ignored);

// Most of it the exponentials.
defvar Seg_LossCost = Seg_FlopsAnElement<25>;

def Seg_DiceOp : Seg_PureOp<"dice", [Seg_Deny, Seg_LossCost, Seg_Differentiable, Seg_LogitsReduction]> {
  let summary = "Soft Dice loss of softmax(logits) against class indices, or of sigmoid(logits) against regions";
  let description = [{
    Per class D = (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth), with
    sum(p p) for sum(p) if `squared`. Sums run over the voxels of a sample,
    and D is averaged over the batch; with `batch_reduce` they run over the
    batch too. loss = mean over classes of 1 - D, or their sum with
    `sum_classes`; class 0 is left out with `exclude_background` (the mean is
    then over the others). `per_class` holds D of every class. `sums` [N, 3, C]
    holds sum(p t), sum(p) or sum(p p), sum(t) of every sample for the gradient.
    With `masked` voxels whose label is no class are left out of all sums.

    With `regions` classes overlap: p = sigmoid(logits), and t of a region is 1
    where the label is one of the region's values. Voxels of the label `ignored`
    are left out.
  }];
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels), Seg_DiceAttrs);
  let results = (outs Seg_Scalar:$loss, Seg_Tensor:$per_class, Seg_Tensor:$sums);
  let assemblyFormat = [{
    $logits `,` $labels (`squared` $squared^)? (`batch_reduce` $batch_reduce^)? (`exclude_background` $exclude_background^)?
    (`sum_classes` $sum_classes^)? `smooth` $smooth (`masked` $masked^)? (`regions` $regions^)? (`ignored` $ignored^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Seg_DiceGradOp : Seg_PureOp<"dice_grad", [Seg_Deny, Seg_LossCost, Seg_NotDifferentiable]> {
  let summary = "Gradient of the Dice loss with respect to the logits";
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels, Seg_Tensor:$sums, Seg_Scalar:$grad), Seg_DiceAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $logits `,` $labels `,` $sums `,` $grad (`squared` $squared^)? (`batch_reduce` $batch_reduce^)? (`exclude_background` $exclude_background^)?
    (`sum_classes` $sum_classes^)? `smooth` $smooth (`masked` $masked^)? (`regions` $regions^)? (`ignored` $ignored^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Seg_DiceFromSumsOp : Seg_PureOp<"dice_from_sums", [Seg_Deny, Seg_NotDifferentiable]> {
  let summary = "Batch-reduced Dice loss of sums that are known: those of all ranks";
  let description = [{
    `loss` and `per_class` are what `seg.dice` with `batch_reduce` computes of
    logits that have these `sums` [N, 3, C].
  }];
  let arguments = (ins Seg_Tensor:$sums, UnitAttr:$exclude_background, UnitAttr:$sum_classes, F64Attr:$smooth);
  let results = (outs Seg_Scalar:$loss, Seg_Tensor:$per_class);
  let assemblyFormat = [{
    $sums (`exclude_background` $exclude_background^)? (`sum_classes` $sum_classes^)? `smooth` $smooth attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Seg_CrossEntropyOp : Seg_PureOp<"cross_entropy", [Seg_Deny, Seg_LossCost, Seg_Differentiable, Seg_LogitsReduction]> {
  let summary = "Mean over voxels and batch of -(1 - p)^gamma log p of the true class";
  let description = "p = softmax(logits). gamma = 0 is the cross-entropy, gamma > 0 the focal loss (Lin et al., 2017).";
  let arguments = (ins Seg_Tensor:$logits, Seg_Labels:$labels, DefaultValuedAttr<F64Attr, "0.0">:$focal_gamma);
  let results = (outs Seg_Scalar:$loss);
  let assemblyFormat = "$logits `,` $labels (`focal_gamma` $focal_gamma^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Seg_CrossEntropyGradOp : Seg_PureOp<"cross_entropy_grad", [Seg_Deny, Seg_LossCost, Seg_NotDifferentiable]> {
  let summary = "Gradient of the cross-entropy or focal loss with respect to the logits";
  let arguments = (ins Seg_Tensor:$logits, Seg_Labels:$labels, Seg_Scalar:$grad, DefaultValuedAttr<F64Attr, "0.0">:$focal_gamma);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$logits `,` $labels `,` $grad (`focal_gamma` $focal_gamma^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

defvar Seg_WeightedCrossEntropyAttrs = (ins DenseF64ArrayAttr:$class_weights, DefaultValuedAttr<F64Attr, "0.0">:$focal_gamma);

def Seg_WeightedCrossEntropyOp
    : Seg_PureOp<"weighted_cross_entropy", [Seg_Deny, Seg_LossCost, Seg_Differentiable, Seg_LogitsReduction]> {
  let summary = "Weighted mean over voxels and batch of -(1 - p)^gamma log p of the true class";
  let description = [{
    A voxel has the weight of its class, and none if its label is no class: such voxels are ignored. The sum over voxels is
    divided by `total_weight`, that of their weights; the loss is 0 where that is 0.
  }];
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels), Seg_WeightedCrossEntropyAttrs);
  let results = (outs Seg_Scalar:$loss, Seg_Scalar:$total_weight);
  let assemblyFormat = [{
    $logits `,` $labels `weights` $class_weights (`focal_gamma` $focal_gamma^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Seg_WeightedCrossEntropyGradOp
    : Seg_PureOp<"weighted_cross_entropy_grad", [Seg_Deny, Seg_LossCost, Seg_NotDifferentiable]> {
  let summary = "Gradient of the weighted cross-entropy or focal loss with respect to the logits";
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels, Seg_Scalar:$total_weight, Seg_Scalar:$grad),
                       Seg_WeightedCrossEntropyAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $logits `,` $labels `,` $total_weight `,` $grad `weights` $class_weights (`focal_gamma` $focal_gamma^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_WeightedShareOp : Seg_PureOp<"weighted_share", [Seg_Deny, Seg_NotDifferentiable, Seg_Pointwise]> {
  let summary = "value * weight / mean_weight; 0 where the mean weight is 0";
  let description = [{
    A rank's share of a weighted mean over ranks: the mean of the shares is
    sum(value * weight) / sum(weight).
  }];
  let arguments = (ins Seg_Scalar:$value, Seg_Scalar:$weight, Seg_Scalar:$mean_weight);
  let results = (outs Seg_Scalar:$output);
  let assemblyFormat = "$value `,` $weight `,` $mean_weight attr-dict `:` functional-type(operands, results)";
}

defvar Seg_BinaryCrossEntropyAttrs = (ins Seg_Regions:$regions, OptionalAttr<I64Attr>:$ignored, UnitAttr:$sum_classes);

def Seg_BinaryCrossEntropyOp
    : Seg_PureOp<"binary_cross_entropy", [Seg_Deny, Seg_LossCost, Seg_Differentiable, Seg_LogitsReduction]> {
  let summary = "Mean over voxels, batch and regions of the cross-entropy of sigmoid(logits)";
  let description = [{
    Of a region it is -log p in voxels whose label is one of the region's values, -log(1 - p) in others, p = sigmoid(logits).
    Voxels of the label `ignored` are left out; `voxels` is the number of the others, and the loss is 0 where that is 0. With
    `sum_classes` regions are summed instead of averaged.
  }];
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels), Seg_BinaryCrossEntropyAttrs);
  let results = (outs Seg_Scalar:$loss, Seg_Scalar:$voxels);
  let assemblyFormat = [{
    $logits `,` $labels `regions` $regions (`ignored` $ignored^)? (`sum_classes` $sum_classes^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def Seg_BinaryCrossEntropyGradOp : Seg_PureOp<"binary_cross_entropy_grad", [Seg_Deny, Seg_LossCost, Seg_NotDifferentiable]> {
  let summary = "Gradient of the cross-entropy of regions with respect to the logits";
  let arguments = !con((ins Seg_Tensor:$logits, Seg_Labels:$labels, Seg_Scalar:$voxels, Seg_Scalar:$grad),
                       Seg_BinaryCrossEntropyAttrs);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = [{
    $logits `,` $labels `,` $voxels `,` $grad `regions` $regions (`ignored` $ignored^)? (`sum_classes` $sum_classes^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Seg_VoxelCrossEntropyOp : Seg_PureOp<"voxel_cross_entropy", [Seg_Deny, Seg_LossCost, Seg_Differentiable]> {
  let summary = "Cross-entropy of each voxel: N x spatial x 1";
  let description = "-log p of the true class, p = softmax(logits); 0 where the label is no class if `masked`.";
  let arguments = (ins Seg_Tensor:$logits, Seg_Labels:$labels, UnitAttr:$masked);
  let results = (outs Seg_Tensor:$losses);
  let assemblyFormat = "$logits `,` $labels (`masked` $masked^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Seg_VoxelCrossEntropyGradOp : Seg_PureOp<"voxel_cross_entropy_grad", [Seg_Deny, Seg_LossCost, Seg_NotDifferentiable]> {
  let summary = "Gradient of the cross-entropy of each voxel with respect to the logits";
  let arguments = (ins Seg_Tensor:$logits, Seg_Labels:$labels, Seg_Tensor:$grad, UnitAttr:$masked);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$logits `,` $labels `,` $grad (`masked` $masked^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // SEGC_DIALECT_SEG_LOSS_OPS_TD
