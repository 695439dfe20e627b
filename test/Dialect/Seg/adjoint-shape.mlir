// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!c = tensor<2xf32>

// Each part takes its channels.
// CHECK-LABEL: func.func @concat(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DA:.*]] = seg.slice_channels %[[DY]] from 0
// CHECK: %[[DB:.*]] = seg.slice_channels %[[DY]] from 1
// CHECK: return %{{.*}}, %[[DA]], %[[DB]]
func.func @concat(%a: tensor<1x4x4x1xf32> {seg.region = "parameters", seg.name = "a", seg.offset = 0 : i64}, %b: tensor<1x4x4x1xf32> {seg.region = "parameters", seg.name = "b", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.concat %a, %b : (tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Zeros on both sides.
// CHECK-LABEL: func.func @slice_channels(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x5xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[LOW:.*]] = seg.slice_channels %[[X]] from 0 : tensor<1x4x4x5xf32> -> tensor<1x4x4x1xf32>
// CHECK: %[[LOW0:.*]] = seg.scale %[[LOW]] by 0.000000e+00
// CHECK: %[[HIGH:.*]] = seg.slice_channels %[[X]] from 3 : tensor<1x4x4x5xf32> -> tensor<1x4x4x2xf32>
// CHECK: %[[HIGH0:.*]] = seg.scale %[[HIGH]] by 0.000000e+00
// CHECK: seg.concat %[[LOW0]], %[[DY]], %[[HIGH0]]
func.func @slice_channels(%x: tensor<1x4x4x5xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.slice_channels %x from 1 : tensor<1x4x4x5xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// Padding with zeros.
// CHECK-LABEL: func.func @crop(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.pad %[[DY]] low [1, 3] : tensor<1x4x4x2xf32> -> tensor<1x8x8x2xf32>
func.func @crop(%x: tensor<1x8x8x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.crop %x at [1, 3] : tensor<1x8x8x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// What was there before.
// CHECK-LABEL: func.func @pad(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: seg.crop %[[DY]] at [1, 0] : tensor<1x4x4x2xf32> -> tensor<1x2x3x2xf32>
func.func @pad(%x: tensor<1x2x3x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.pad %x low [1, 0] : tensor<1x2x3x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// The weights the other way, for every mode.
// CHECK-LABEL: func.func @resize(
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[D1:.*]] = seg.resize_grad linear %[[DY]] : tensor<1x4x4x2xf32> -> tensor<1x8x8x2xf32>
// CHECK: %[[D0:.*]] = seg.resize_grad cubic %[[D1]] : tensor<1x8x8x2xf32> -> tensor<1x3x3x2xf32>
// CHECK: seg.resize_grad nearest %[[D0]] : tensor<1x3x3x2xf32> -> tensor<1x2x2x2xf32>
func.func @resize(%x: tensor<1x2x2x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.resize nearest %x : tensor<1x2x2x2xf32> -> tensor<1x3x3x2xf32>
  %1 = seg.resize cubic %0 : tensor<1x3x3x2xf32> -> tensor<1x8x8x2xf32>
  %y = seg.resize linear %1 : tensor<1x8x8x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
