// RUN: segc-opt %s --verify-diagnostics --split-input-file

// optimizer_c1: flat parameters
func.func @optimizer_c1(%w: tensor<10x10xf32>, %g: tensor<10x10xf32>, %v: tensor<10x10xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects flat parameters of rank 1, got rank 2}}
  %0:2 = seg.sgd %w, %g, %v, %s, %s, %s, %s, %s {decay_elements = 0 : i64} : (tensor<10x10xf32>, tensor<10x10xf32>, tensor<10x10xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<10x10xf32>, tensor<10x10xf32>)
  return
}

// -----

// optimizer_c2: one type
func.func @optimizer_c2(%w: tensor<100xf32>, %g: tensor<100xf32>, %v: tensor<99xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects flat tensors of type 'tensor<100xf32>', got 'tensor<99xf32>'}}
  %0:2 = seg.sgd %w, %g, %v, %s, %s, %s, %s, %s {decay_elements = 0 : i64} : (tensor<100xf32>, tensor<100xf32>, tensor<99xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<100xf32>, tensor<99xf32>)
  return
}

// -----

// optimizer_c2_scalar: a rank 0 tensor is not flat
func.func @optimizer_c2_scalar(%w: tensor<100xf32>, %g: tensor<f32>, %v: tensor<100xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects flat tensors of type 'tensor<100xf32>', got 'tensor<f32>'}}
  %0:2 = seg.sgd %w, %g, %v, %s, %s, %s, %s, %s {decay_elements = 0 : i64} : (tensor<100xf32>, tensor<f32>, tensor<100xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<100xf32>, tensor<100xf32>)
  return
}

// -----

// optimizer_c3: decayed elements within the parameters
func.func @optimizer_c3(%w: tensor<100xf32>, %g: tensor<100xf32>, %v: tensor<100xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects decay_elements in [0, 100], got 101}}
  %0:2 = seg.sgd %w, %g, %v, %s, %s, %s, %s, %s {decay_elements = 101 : i64} : (tensor<100xf32>, tensor<100xf32>, tensor<100xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<100xf32>, tensor<100xf32>)
  return
}

// -----

// lookahead_c1: sync of at least 1
func.func @lookahead_c1(%w: tensor<4xf32>, %s: tensor<f32>, %t: tensor<i64>) {
  // expected-error @+1 {{expects sync of at least 1, got 0}}
  %0:2 = seg.lookahead %w, %w, %w, %s, %t {sync = 0 : i64, alpha = 0.5} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// lookahead_c2: alpha in [0, 1]
func.func @lookahead_c2(%w: tensor<4xf32>, %s: tensor<f32>, %t: tensor<i64>) {
  // expected-error @+1 {{expects alpha in [0, 1], got 1.5}}
  %0:2 = seg.lookahead %w, %w, %w, %s, %t {sync = 5 : i64, alpha = 1.5} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// optimizer_c4: moving means
func.func @optimizer_c4(%w: tensor<4xf32>, %s: tensor<f32>, %t: tensor<i64>) {
  // expected-error @+1 {{expects beta2 in [0, 1), got 1.0}}
  %0:3 = seg.adam %w, %w, %w, %w, %s, %s, %s, %s, %t {beta1 = 0.9, beta2 = 1.0, epsilon = 1.0e-7, decay_elements = 0 : i64} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// optimizer_c5: epsilon
func.func @optimizer_c5(%w: tensor<4xf32>, %s: tensor<f32>, %t: tensor<i64>) {
  // expected-error @+1 {{expects a finite epsilon of at least 0, got -1.0}}
  %0:3 = seg.adam %w, %w, %w, %w, %s, %s, %s, %s, %t {beta1 = 0.9, beta2 = 0.999, epsilon = -1.0, decay_elements = 0 : i64} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// clip_scale_c1: flat gradients
func.func @clip_scale_c1(%g: tensor<2x2xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects flat gradients of rank 1, got rank 2}}
  %0 = seg.clip_scale %g, %s max_norm 1.0 : (tensor<2x2xf32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

// clip_scale_c2: a norm to clip to
func.func @clip_scale_c2(%g: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects a finite max_norm above 0, got 0.0}}
  %0 = seg.clip_scale %g, %s max_norm 0.0 : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return
}
