// RUN: segc-opt %s --verify-diagnostics --split-input-file

// pointwise_c1: operands broadcast
func.func @pointwise_c1(%x: tensor<2x4x4x8xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{expects operands that broadcast to 2x4x4x8, got 4}}
  %z = seg.add %x, %y : (tensor<2x4x4x8xf32>, tensor<4xf32>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// pointwise_c1_shape: one operand has the result's shape
func.func @pointwise_c1_shape(%x: tensor<8xf32>) {
  // expected-error @+1 {{expects an operand of the result's shape 2x4x4x8}}
  %z = seg.mul %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// leaky_relu_c1: a slope above 0
func.func @leaky_relu_c1(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a slope above 0 (the gradient reads the sign of the output), got 0}}
  %z = seg.leaky_relu %x slope 0.0 : tensor<2x4x4x8xf32>
  return
}

// -----

// dropout_c1: a rate below 1
func.func @dropout_c1(%x: tensor<2x4x4x8xf32>, %k: tensor<i64>) {
  // expected-error @+1 {{expects a rate in [0, 1), got 1.0}}
  %z = seg.dropout %x key(%k, %k, %k) rate 1.0 id 0 : (tensor<2x4x4x8xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// channel_total_c1: one channel
func.func @channel_total_c1(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a result of 2x4x4 positions and 1 channel, got 2x4x4}}
  %z = seg.channel_total %x : tensor<2x4x4x8xf32> -> tensor<2x4x4xf32>
  return
}

// -----

// precision_c1: a precision that there is
func.func @precision_c1(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects seg.precision to be "f32", "tf32", "f16" or "bf16", got "half"}}
  %z = seg.relu %x {seg.precision = "half"} : tensor<2x4x4x8xf32>
  return
}

// -----

// scale_c1: a finite factor
func.func @scale_c1(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a finite factor}}
  %z = seg.scale %x by 0x7FF8000000000000 : tensor<2x4x4x8xf32>
  return
}

// -----

// leaky_relu_c1: a finite slope
func.func @leaky_relu_c1_infinite(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a finite slope}}
  %z = seg.leaky_relu %x slope 0x7FF0000000000000 : tensor<2x4x4x8xf32>
  return
}

// -----

// top_k_mean_c1: a percentage above 0
func.func @top_k_mean_c1(%x: tensor<2x4x4x1xf32>) {
  // expected-error @+1 {{expects a percentage above 0, to 100, got 0}}
  %m, %t, %w, %u = seg.top_k_mean %x percent 0.0 : (tensor<2x4x4x1xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return
}

// -----

// top_k_mean_c1: at most all
func.func @top_k_mean_c1_most(%x: tensor<2x4x4x1xf32>) {
  // expected-error @+1 {{expects a percentage above 0, to 100, got 100.5}}
  %m, %t, %w, %u = seg.top_k_mean %x percent 100.5 : (tensor<2x4x4x1xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return
}

// -----

// top_k_mean_c2: samples and places
func.func @top_k_mean_c2(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{expects an activation of rank 3 or more, got 'tensor<4x4xf32>'}}
  %m, %t, %w, %u = seg.top_k_mean %x percent 10.0 : (tensor<4x4xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return
}
