// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>

// The same reduction of the gradient.
// CHECK-LABEL: func.func @mean(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.all_reduce mean %[[DY]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @mean(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.all_reduce mean %x : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// CHECK-LABEL: func.func @sum(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.all_reduce sum %[[DY]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @sum(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.all_reduce sum %x : !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Of several tensors those whose gradients are there and wanted.
// CHECK-LABEL: func.func @several(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.all_reduce mean %[[DY]] : tensor<1x4x4x2xf32>
// CHECK: return %{{.*}}, %[[DX]]
func.func @several(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %image: !x,
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y:3 = seg.all_reduce mean %x, %image, %image : !x, !x, !x
  %z = seg.add %y#0, %y#2 : (!x, !x) -> !x
  %loss = seg.cross_entropy %z, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
