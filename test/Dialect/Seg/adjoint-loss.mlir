// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!c = tensor<2xf32>

// Losses are scaled by what reaches them.
// CHECK-LABEL: func.func @losses(
// CHECK-SAME: %[[Z:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK-SAME: %[[S:[^:]*]]: tensor<f32> {seg.name = "loss_scale"}
// CHECK: %{{[^:]*}}, %{{[^:]*}}, %[[SUMS:.*]] = seg.dice
// CHECK: %[[DF:.*]] = seg.cross_entropy_grad %[[Z]], %{{.*}}, %[[S]] focal_gamma 2.000000e+00
// CHECK: %[[DD:.*]] = seg.dice_grad %[[Z]], %{{.*}}, %[[SUMS]], %[[S]] squared exclude_background smooth 1.000000e+00
// CHECK: %[[DZ:.*]] = seg.add %[[DF]], %[[DD]]
// CHECK: return %{{.*}}, %[[DZ]]
func.func @losses(%z: !x {seg.region = "parameters", seg.name = "z", seg.offset = 0 : i64}, %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %dice, %each, %sums = seg.dice %z, %t squared exclude_background smooth 1.0 : (!x, !t) -> (tensor<f32>, !c, tensor<1x3x2xf32>)
  %focal = seg.cross_entropy %z, %t focal_gamma 2.0 : (!x, !t) -> tensor<f32>
  %loss = seg.add %dice, %focal : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %loss : tensor<f32>
}
