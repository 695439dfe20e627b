//===- SegAugmentOps.td - Augmentation of patches ----------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What was drawn for a sample and its channels are numbers of tensors, so that
// one program does all that may be drawn; Plan/AugmentEntry.h names them. An op
// that a channel did not draw copies.

#ifndef SEGC_DIALECT_SEG_AUGMENT_OPS_TD
#define SEGC_DIALECT_SEG_AUGMENT_OPS_TD

include "mlir/IR/EnumAttr.td"
include "segc/Dialect/Seg/IR/SegBase.td"

class Seg_AugmentOp<string mnemonic, list<Trait> traits = []>
    : Seg_PureOp<mnemonic, !listconcat([Seg_Deny, Seg_NotDifferentiable], traits)> {
  let hasVerifier = 1;
}
// An op on the image of a patch.
class Seg_PatchOp<string mnemonic, int flops>
    : Seg_AugmentOp<mnemonic, [Seg_FlopsAnElement<flops>]>;

def Seg_SamplePatchOp : Seg_AugmentOp<"sample_patch"> {
  let summary = "Image of a patch from a crop, with noise";
  let description = [{
    Each voxel of the patch is sampled once from the crop, by the affine map of
    its sample (linear) or by the resizing of its sample (cubic), and normal
    numbers times the channel's deviation are added.

    ```mlir
    %image = seg.sample_patch %crop, %maps, %intensities, %keys
        : (tensor<2x9x9x9x1xf32>, tensor<2x24xf32>, tensor<2x1x24xf32>, tensor<2x4xi32>) -> tensor<2x6x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_Tensor:$crop, Seg_Tensor:$maps, Seg_Tensor:$intensities, Seg_Labels:$noise_keys);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$crop `,` $maps `,` $intensities `,` $noise_keys attr-dict `:` functional-type(operands, results)";
}

def Seg_SampleLabelsOp : Seg_AugmentOp<"sample_labels"> {
  let summary = "Labels of a patch from a crop";
  let description = [{
    The label with the largest sum of linear weights among the voxels around, or
    for a resized sample that of the nearest voxel; -1 outside of the crop.
    `output` has 0 there, `unclamped` -1.

    ```mlir
    %labels, %unclamped = seg.sample_labels %crop, %maps
        : (tensor<2x9x9x9xi32>, tensor<2x24xf32>) -> (tensor<2x6x6x6xi32>, tensor<2x6x6x6xi32>)
    ```
  }];
  let arguments = (ins Seg_Labels:$crop, Seg_Tensor:$maps);
  let results = (outs Seg_Labels:$output, Seg_Labels:$unclamped);
  let assemblyFormat = "$crop `,` $maps attr-dict `:` functional-type(operands, results)";
}

def Seg_BlurAxisOp : Seg_PatchOp<"blur_axis", 30> {
  let summary = "Gaussian along one axis, mirrored at edges";
  let description = [{
    `axis` counts depth, height and width as 0, 1 and 2, of planes too.

    ```mlir
    %blurred = seg.blur_axis 2 %image, %intensities : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>) -> tensor<2x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$intensities, I64Attr:$axis);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$axis $input `,` $intensities attr-dict `:` functional-type(operands, results)";
}

def Seg_StepContrast : I32EnumAttrCase<"contrast", 0>;
def Seg_StepInvertedGamma : I32EnumAttrCase<"inverted_gamma", 1>;
def Seg_StepGamma : I32EnumAttrCase<"gamma", 2>;
def Seg_IntensityStep : I32EnumAttr<"IntensityStep", "change of intensities by statistics", [Seg_StepContrast, Seg_StepInvertedGamma, Seg_StepGamma]> {
  let cppNamespace = "::segc::seg";
}

def Seg_ChannelStatisticsOp : Seg_PatchOp<"channel_statistics", 5> {
  let summary = "Mean, deviation, minimum and maximum of each sample and channel";
  let description = [{
    Zeros for a channel that did not draw `step`. The deviation is that of the
    sample: of n values the squares are divided by n - 1.

    ```mlir
    %statistics = seg.channel_statistics contrast %image, %intensities
        : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>) -> tensor<2x1x4xf32>
    ```
  }];
  let arguments = (ins Seg_IntensityStep:$step, Seg_Tensor:$input, Seg_Tensor:$intensities);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$step $input `,` $intensities attr-dict `:` functional-type(operands, results)";
}

def Seg_AdjustContrastOp : Seg_PatchOp<"adjust_contrast", 8> {
  let summary = "Brightness, then contrast about the mean in the range";
  let description = [{
    `statistics` are those of the input.

    ```mlir
    %adjusted = seg.adjust_contrast %image, %intensities, %statistics
        : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>, tensor<2x1x4xf32>) -> tensor<2x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$intensities, Seg_Tensor:$statistics);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `,` $intensities `,` $statistics attr-dict `:` functional-type(operands, results)";
}

def Seg_LowerResolutionOp : Seg_PatchOp<"lower_resolution", 50> {
  let summary = "Nearest voxels of a coarser grid, resized linearly";
  let description = [{
    ```mlir
    %reduced = seg.lower_resolution %image, %intensities
        : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>) -> tensor<2x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_Tensor:$input, Seg_Tensor:$intensities);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$input `,` $intensities attr-dict `:` functional-type(operands, results)";
}

def Seg_AdjustGammaOp : Seg_PatchOp<"adjust_gamma", 50> {
  let summary = "Power of the intensities as parts of their range";
  let description = [{
    `step` is `gamma` or `inverted_gamma`, which is of the negative image and
    leaves it negative. `statistics` are those of the input.

    ```mlir
    %raised = seg.adjust_gamma gamma %image, %intensities, %statistics
        : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>, tensor<2x1x4xf32>) -> tensor<2x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_IntensityStep:$step, Seg_Tensor:$input, Seg_Tensor:$intensities, Seg_Tensor:$statistics);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$step $input `,` $intensities `,` $statistics attr-dict `:` functional-type(operands, results)";
}

def Seg_RetainStatisticsOp : Seg_PatchOp<"retain_statistics", 8> {
  let summary = "Mean and deviation as they were before a gamma";
  let description = [{
    `before` and `after` are the statistics of the input of the gamma and of its
    result, which is the input of this op. With `labels` voxels of masked
    channels are 0 where there is no label.

    ```mlir
    %image = seg.retain_statistics gamma %raised, %intensities, %before, %after mask %labels
        : (tensor<2x6x6x1xf32>, tensor<2x1x24xf32>, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2x6x6xi32>) -> tensor<2x6x6x1xf32>
    ```
  }];
  let arguments = (ins Seg_IntensityStep:$step, Seg_Tensor:$input, Seg_Tensor:$intensities, Seg_Tensor:$before, Seg_Tensor:$after, Optional<Seg_Labels>:$labels);
  let results = (outs Seg_Tensor:$output);
  let assemblyFormat = "$step $input `,` $intensities `,` $before `,` $after (`mask` $labels^)? attr-dict `:` functional-type(operands, results)";
}

#endif // SEGC_DIALECT_SEG_AUGMENT_OPS_TD
