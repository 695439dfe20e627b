// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!c = tensor<2xf32>

// One op for input, scale and shift, from the statistics of the forward pass.
// CHECK-LABEL: func.func @norm(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK-SAME: %[[G:[^:]*]]: tensor<2xf32>
// CHECK: %[[Y:[^:]*]], %[[MEAN:.*]], %[[RSTD:.*]] = seg.norm batch
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]], %[[DG:.*]], %[[DB:.*]] = seg.norm_grad batch %[[X]], %[[DY]], %[[G]], %[[MEAN]], %[[RSTD]] epsilon 1.000000e-03
// CHECK: return %{{.*}}, %[[DX]], %[[DG]], %[[DB]]
func.func @norm(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %g: !c {seg.region = "parameters", seg.name = "g", seg.offset = 1024 : i64}, %b: !c {seg.region = "parameters", seg.name = "b", seg.offset = 2048 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y, %mean, %rstd = seg.norm batch %x, %g, %b epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !c, !c)
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Affine in its input: its value at the gradient less its value at zero.
// CHECK-LABEL: func.func @batch_norm_inference(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[ZERO:.*]] = seg.scale %[[DY]] by 0.000000e+00
// CHECK: %[[A:.*]] = seg.batch_norm_inference %[[DY]]
// CHECK: %[[B:.*]] = seg.batch_norm_inference %[[ZERO]]
// CHECK: seg.sub %[[A]], %[[B]]
func.func @batch_norm_inference(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c,
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.batch_norm_inference %x, %c, %c, %c, %c epsilon 1.0e-3 : (!x, !c, !c, !c, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
