// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!c = tensor<2xf32>

// To the place of the maximum, found again in the input.
// CHECK-LABEL: func.func @max_pool(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x8x8x2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.max_pool_grad %[[X]], %[[DY]] window [2, 2] strides [2, 2] : (tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x8x8x2xf32>
func.func @max_pool(%x: tensor<1x8x8x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.max_pool %x window [2, 2] strides [2, 2] : tensor<1x8x8x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// The share of each window, by the pooling's attributes; nothing of the input.
// CHECK-LABEL: func.func @avg_pool(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.avg_pool_grad %[[DY]] window [3, 3] strides [2, 2] pad_low [1, 0] pad_high [0, 1] count_include_pad : tensor<1x4x4x2xf32> -> tensor<1x8x8x2xf32>
func.func @avg_pool(%x: tensor<1x8x8x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.avg_pool %x window [3, 3] strides [2, 2] pad_low [1, 0] pad_high [0, 1] count_include_pad : tensor<1x8x8x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
