// RUN: segc-opt %s --seg-autodiff | FileCheck %s

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>
!t = tensor<1x4x4xi32>

// The seed is the loss scale; a parameter's gradient becomes a result in its
// place; the image needs none.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x4x2xf32>, %[[T:.*]]: tensor<1x4x4xi32>, %[[SCALE:.*]]: tensor<f32> {seg.name = "loss_scale"}, %[[W:.*]]: tensor<1x1x2x2xf32>
// CHECK-SAME: -> (tensor<f32>, tensor<1x1x2x2xf32> {seg.name = "w", seg.offset = 64 : i64, seg.region = "gradients"})
// CHECK-NOT: seg.differentiate
func.func @chain(%x: !x, %t: !t, %scale: tensor<f32> {seg.name = "loss_scale"},
                 %w: !w {seg.name = "w", seg.offset = 64 : i64, seg.region = "parameters"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // CHECK: %[[Z:.*]] = seg.conv
  %z = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  // CHECK: %[[LOSS:.*]] = seg.cross_entropy
  %loss = seg.cross_entropy %z, %t : (!x, !t) -> tensor<f32>
  // CHECK: %[[DZ:.*]] = seg.cross_entropy_grad %[[Z]], %[[T]], %[[SCALE]]
  // CHECK-NOT: seg.conv_input_grad
  // CHECK: %[[DW:.*]] = seg.conv_filter_grad %[[X]], %[[DZ]]
  // CHECK: return %[[LOSS]], %[[DW]]
  return %loss : tensor<f32>
}

// A value with two users has the sum of two gradients, the last user's first;
// a parameter that is used twice too.
// CHECK-LABEL: func.func @fan_out(
func.func @fan_out(%x: !x, %t: !t, %scale: tensor<f32> {seg.name = "loss_scale"},
                   %w: !w {seg.name = "w", seg.offset = 0 : i64, seg.region = "parameters"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // CHECK: %[[A:.*]] = seg.conv
  %a = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  // CHECK: %[[R:.*]] = seg.relu %[[A]]
  %r = seg.relu %a : !x
  // CHECK: seg.conv %[[A]]
  %b = seg.conv %a, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  %s = seg.add %r, %b : (!x, !x) -> !x
  %loss = seg.cross_entropy %s, %t : (!x, !t) -> tensor<f32>
  // CHECK: %[[DS:.*]] = seg.cross_entropy_grad
  // CHECK: %[[DA2:.*]] = seg.conv_input_grad %[[DS]]
  // CHECK: %[[DW2:.*]] = seg.conv_filter_grad %[[A]], %[[DS]]
  // CHECK: %[[DA1:.*]] = seg.relu_grad %[[R]], %[[DS]]
  // CHECK: %[[DA:.*]] = seg.add %[[DA2]], %[[DA1]]
  // CHECK: %[[DW1:.*]] = seg.conv_filter_grad %{{.*}}, %[[DA]]
  // CHECK: %[[DW:.*]] = seg.add %[[DW2]], %[[DW1]]
  // CHECK: return %{{.*}}, %[[DW]]
  return %loss : tensor<f32>
}

// What the loss does not see has no gradient, and is not differentiated.
// CHECK-LABEL: func.func @beside(
func.func @beside(%x: !x, %t: !t, %scale: tensor<f32> {seg.name = "loss_scale"},
                  %w: !w {seg.name = "w", seg.offset = 0 : i64, seg.region = "parameters"}) -> (tensor<f32>, !x) attributes {seg.differentiate = 0 : i64} {
  %z = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  %loss = seg.cross_entropy %z, %t : (!x, !t) -> tensor<f32>
  %p = seg.softmax %z : !x
  // CHECK: seg.cross_entropy_grad
  // CHECK-NOT: seg.softmax_grad
  // CHECK: return
  return %loss, %p : tensor<f32>, !x
}

// Functions that do not ask for it stay as they are.
// CHECK-LABEL: func.func @other(
func.func @other(%x: !x) -> !x {
  // CHECK-NEXT: %[[R:.*]] = seg.relu
  %r = seg.relu %x : !x
  // CHECK-NEXT: return %[[R]] :
  return %r : !x
}
