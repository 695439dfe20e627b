// Grouped and dilated convolutions get smaller like any other: with as many
// groups as their channels allow.

// RUN: segc-reduce %s --seg-reduce-network='test=%S/Inputs/has_groups' | FileCheck %s --check-prefix=GROUPS
// GROUPS: ^bb0(%[[IMAGE:.*]]: tensor<1x1x1x2xf32>):
// GROUPS: seg.conv{{.*}} groups 2 : (tensor<1x1x1x2xf32>, tensor<3x3x1x2xf32>) -> tensor<1x1x1x2xf32>

// RUN: segc-reduce %s --seg-reduce-network='test=%S/Inputs/has_dilations' | FileCheck %s --check-prefix=DILATIONS
// DILATIONS: ^bb0(%[[IMAGE:.*]]: tensor<1x1x1x{{[12]}}xf32>):
// DILATIONS: seg.conv {{.*}} dilations [2, 2]
// DILATIONS: seg.conv_transpose {{.*}} dilations [2, 2]

// RUN: segc-reduce %s --seg-reduce-network='test=%S/Inputs/has_sigmoid' | FileCheck %s --check-prefix=NONE
// NONE: ^bb0(%[[IMAGE:.*]]: tensor<1x1x1x2xf32>):
// NONE-NEXT: seg.sigmoid

seg.network @grouped format 1 classes 4 optimizer {kind = "sgd"} pipeline {} forward {
^bb0(%image: tensor<2x20x28x8xf32>):
  %w0 = seg.param "a" he_normal 0.0 decay : tensor<3x3x2x8xf32>
  %b0 = seg.param "c" constant 0.0 : tensor<8xf32>
  %0 = seg.conv %image, %w0 bias %b0 strides [1, 1] pad_low [2, 2] pad_high [2, 2] dilations [2, 2] groups 4 : (tensor<2x20x28x8xf32>, tensor<3x3x2x8xf32>, tensor<8xf32>) -> tensor<2x20x28x8xf32>
  %w1 = seg.param "b" he_normal 0.0 decay : tensor<3x3x4x4xf32>
  %1 = seg.conv %0, %w1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] groups 2 : (tensor<2x20x28x8xf32>, tensor<3x3x4x4xf32>) -> tensor<2x20x28x4xf32>
  %w2 = seg.param "d" he_normal 0.0 decay : tensor<3x3x4x2xf32>
  %b2 = seg.param "e" constant 0.0 : tensor<4xf32>
  %2 = seg.conv_transpose %1, %w2 bias %b2 strides [1, 1] pad_low [2, 2] pad_high [2, 2] dilations [2, 2] groups 2 : (tensor<2x20x28x4xf32>, tensor<3x3x4x2xf32>, tensor<4xf32>) -> tensor<2x20x28x4xf32>
  %3 = seg.sigmoid %2 : tensor<2x20x28x4xf32>
  seg.output %3 : tensor<2x20x28x4xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x20x28x4xf32>, %labels: tensor<2x20x28xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x20x28x4xf32>, tensor<2x20x28xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
