// RUN: segc-opt %s --seg-autodiff --split-input-file --verify-diagnostics

// Where an op has no adjoint it says why.

!x = tensor<2x4x4x2xf32>
!t = tensor<2x4x4xi32>
!c = tensor<2xf32>

// One value a sample and channel.
func.func @sample_broadcast(%x: !x, %c: tensor<2x2xf32> {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // expected-error @below {{has no adjoint for operand #1, broadcast from 'tensor<2x2xf32>'}}
  %y = seg.add %x, %c : (!x, tensor<2x2xf32>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<2x4x4x2xf32>
!t = tensor<2x4x4xi32>
!c = tensor<2xf32>

// Windows that overlap.
func.func @overlapping(%x: tensor<2x6x6x2xf32> {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // expected-error @below {{has an adjoint only for windows that do not overlap, got window 3 at stride 1}}
  %y = seg.max_pool %x window [3, 3] strides [1, 1] : tensor<2x6x6x2xf32> -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<2x4x4x2xf32>
!t = tensor<2x4x4xi32>
!c = tensor<2xf32>

// Running statistics are not for training.
func.func @inference_norm(%x: !x, %c: !c {seg.region = "parameters", seg.name = "c", seg.offset = 1024 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // expected-error @below {{has an adjoint for its input only: train with seg.norm}}
  %y = seg.batch_norm_inference %x, %c, %c, %c, %c epsilon 1.0e-3 : (!x, !c, !c, !c, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<2x4x4x2xf32>
!t = tensor<2x4x4xi32>
!c = tensor<2xf32>

// A norm's statistics are not differentiated.
func.func @statistics(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64}, %c: !c,
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  // expected-error @below {{has no adjoint for its statistics}}
  %0, %mean, %rstd = seg.norm batch %x, %c, %c epsilon 1.0e-3 : (!x, !c, !c) -> (!x, !c, !c)
  %y = seg.add %0, %mean : (!x, !c) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!x = tensor<2x4x4x2xf32>
!t = tensor<2x4x4xi32>

// Whole numbers of 8 bits are for predictions.
func.func @quantized(%x: !x {seg.region = "parameters", seg.name = "x", seg.offset = 0 : i64},
    %t: !t, %s: tensor<f32> {seg.name = "loss_scale"}) -> tensor<f32> attributes {seg.differentiate = 0 : i64} {
  %q = seg.quantize %x scale 0.5 : !x -> tensor<2x4x4x2xi8>
  // expected-error @below {{'seg.dequantize' op is not differentiable, but lies between a parameter and the loss}}
  %y = seg.dequantize %q scale 0.5 : (tensor<2x4x4x2xi8>) -> !x
  %loss = seg.cross_entropy %y, %t : (!x, !t) -> tensor<f32>
  return %loss : tensor<f32>
}
