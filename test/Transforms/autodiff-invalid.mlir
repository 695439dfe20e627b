// RUN: segc-opt %s --seg-autodiff --split-input-file --verify-diagnostics

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// The loss is one of the results.
// expected-error @below {{expects seg.differentiate to name one of 1 results, got 1}}
func.func @index(%scale: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 1 : i64} {
  return %scale : tensor<f32>
}

// -----

// Something must seed the walk.
// expected-error @below {{expects an argument named loss_scale}}
func.func @seed(%loss: tensor<f32>) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  return %loss : tensor<f32>
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// A parameter without influence is a fault of the network.
// expected-error @below {{the loss does not depend on parameter "w"}}
func.func @unused(%z: !x, %t: tensor<1x4x4xi32>, %scale: tensor<f32> {seg.name = "loss_scale"},
                  %w: !w {seg.name = "w", seg.offset = 0 : i64, seg.region = "parameters"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %loss = seg.cross_entropy %z, %t : (!x, tensor<1x4x4xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// An op without an adjoint on the way to a parameter.
func.func @blocked(%x: !x, %t: tensor<1x4x4xi32>, %scale: tensor<f32> {seg.name = "loss_scale"},
                   %w: !w {seg.name = "w", seg.offset = 0 : i64, seg.region = "parameters"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  // expected-error @below {{is not differentiable, but lies between a parameter and the loss}}
  %1 = seg.relu_grad %0, %x : !x
  %loss = seg.cross_entropy %1, %t : (!x, tensor<1x4x4xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<1x4x4x2xf32>
!w = tensor<1x1x2x2xf32>

// The gradient lies where the parameter does, under its name.
// expected-error @below {{expects seg.name and seg.offset of parameter #3}}
func.func @nameless(%x: !x, %t: tensor<1x4x4xi32>, %scale: tensor<f32> {seg.name = "loss_scale"},
                    %w: !w {seg.offset = 0 : i64, seg.region = "parameters"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %0 = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !x
  %loss = seg.cross_entropy %0, %t : (!x, tensor<1x4x4xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}
