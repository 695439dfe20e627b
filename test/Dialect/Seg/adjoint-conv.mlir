// RUN: segc-opt %s --seg-autodiff | FileCheck %s

// What each op of the family contributes to the gradient of what it reads.
// Every function yields a scalar by way of a cross-entropy; %dy is what
// reaches the op.

!x = tensor<1x4x4x2xf32>
!t = tensor<1x4x4xi32>
!b = tensor<2xf32>

// A convolution: of its input, its filter and its bias.
// CHECK-LABEL: func.func @conv(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x8x8x2xf32>
// CHECK-SAME: %[[W:[^:]*]]: tensor<3x3x2x2xf32>
// CHECK: %[[Y:.*]] = seg.conv %[[X]], %[[W]] bias
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad %[[Y]]
// CHECK: %[[DX:.*]] = seg.conv_input_grad %[[DY]], %[[W]] strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x4x4x2xf32>, tensor<3x3x2x2xf32>) -> tensor<1x8x8x2xf32>
// CHECK: %[[DW:.*]] = seg.conv_filter_grad %[[X]], %[[DY]] strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>) -> tensor<3x3x2x2xf32>
// CHECK: %[[DB:.*]] = seg.channel_sum %[[DY]]
// CHECK: return %{{.*}}, %[[DX]], %[[DW]], %[[DB]]
func.func @conv(%x: tensor<1x8x8x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %w: tensor<3x3x2x2xf32> {seg.region = "parameters", seg.name = "w", seg.offset = 512 : i64},
                %b: !b {seg.region = "parameters", seg.name = "b", seg.offset = 1024 : i64}, %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.conv %x, %w bias %b strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x8x8x2xf32>, tensor<3x3x2x2xf32>, !b) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// A transposed convolution: its adjoint is a convolution with the filter the
// other way round.
// CHECK-LABEL: func.func @conv_transpose(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x2x2x3xf32>
// CHECK-SAME: %[[W:[^:]*]]: tensor<2x2x3x2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DX:.*]] = seg.conv %[[DY]], %[[W]] strides [2, 2] pad_low [0, 0] pad_high [0, 0] transpose_filter : (tensor<1x4x4x2xf32>, tensor<2x2x3x2xf32>) -> tensor<1x2x2x3xf32>
// CHECK: %[[DW:.*]] = seg.conv_filter_grad %[[DY]], %[[X]] strides [2, 2] pad_low [0, 0] pad_high [0, 0] transpose_filter
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @conv_transpose(%x: tensor<1x2x2x3xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %w: tensor<2x2x3x2xf32> {seg.region = "parameters", seg.name = "w", seg.offset = 512 : i64},
                %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %y = seg.conv_transpose %x, %w strides [2, 2] pad_low [0, 0] pad_high [0, 0] : (tensor<1x2x2x3xf32>, tensor<2x2x3x2xf32>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// A sum over positions: its gradient is the same everywhere.
// CHECK-LABEL: func.func @channel_sum(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x4x4x2xf32>
// CHECK: %[[DY:.*]] = seg.cross_entropy_grad
// CHECK: %[[DS:.*]] = seg.channel_sum %[[DY]]
// CHECK: %[[ZERO:.*]] = seg.scale %[[X]] by 0.000000e+00
// CHECK: %[[DX:.*]] = seg.add %[[ZERO]], %[[DS]]
func.func @channel_sum(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %i: !x, %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.channel_sum %x : !x -> !b
  %y = seg.add %i, %0 : (!x, !b) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
