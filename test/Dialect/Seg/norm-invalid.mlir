// RUN: segc-opt %s --verify-diagnostics --split-input-file

// norm_c1: a value a channel
func.func @norm_c1(%x: tensor<2x4x4x8xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{expects one value for each of the 8 channels, got 'tensor<4xf32>'}}
  %y, %m, %r = seg.norm instance %x, %g, %b epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c2: spatial dimensions
func.func @norm_c2(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects N, spatial dimensions and channels, got 'tensor<2x8xf32>'}}
  %y, %m, %r = seg.norm instance %x, %g, %b epsilon 1.0e-3 : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c3: statistics of instance norm
func.func @norm_c3(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects statistics of shape 2x8, got 8}}
  %y, %m, %r = seg.norm instance %x, %g, %b epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

// norm_c3_batch: statistics of batch norm
func.func @norm_c3_batch(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects statistics of shape 8, got 2x8}}
  %y, %m, %r = seg.norm batch %x, %g, %b epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c4: groups that divide the channels
func.func @norm_c4(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects groups that divide 8 channels, got 3}}
  %y, %m, %r = seg.norm group %x, %g, %b groups 3 epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c4_none: group norm without groups
func.func @norm_c4_none(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects groups that divide 8 channels, got 0}}
  %y, %m, %r = seg.norm group %x, %g, %b epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c5: groups for group norm only
func.func @norm_c5(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects groups for group norm only, got 2}}
  %y, %m, %r = seg.norm instance %x, %g, %b groups 2 epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c6: epsilon of at least 0
func.func @norm_c6(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects epsilon of at least 0, got -1.0}}
  %y, %m, %r = seg.norm instance %x, %g, %b epsilon -1.0 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c6_inference: epsilon of at least 0 in inference
func.func @norm_c6_inference(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %c: tensor<8xf32>) {
  // expected-error @+1 {{expects epsilon of at least 0, got -1.0}}
  %y = seg.batch_norm_inference %x, %g, %c, %c, %c epsilon -1.0 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// norm_c7: a result of the input's type
func.func @norm_c7(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expects a result of the input's type, got 'tensor<2x4x4x4xf32>'}}
  %y, %m, %r = seg.norm instance %x, %g, %b epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// norm_c7_grad: gradients of the input's type
func.func @norm_c7_grad(%x: tensor<2x4x4x8xf32>, %dy: tensor<2x4x2x8xf32>, %g: tensor<8xf32>, %s: tensor<2x8xf32>) {
  // expected-error @+1 {{expects gradients of the input's type 'tensor<2x4x4x8xf32>', got 'tensor<2x4x2x8xf32>' and 'tensor<2x4x4x8xf32>'}}
  %dx, %dg, %db = seg.norm_grad instance %x, %dy, %g, %s, %s epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<2x4x2x8xf32>, tensor<8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

// norm_c7_grad_stats: a gradient of the input's type
func.func @norm_c7_grad_stats(%x: tensor<2x4x4x8xf32>, %dy: tensor<2x4x2x8xf32>, %g: tensor<8xf32>, %s: tensor<2x8xf32>) {
  // expected-error @+1 {{expects a gradient of the input's type 'tensor<2x4x4x8xf32>', got 'tensor<2x4x2x8xf32>'}}
  %a, %b, %dg, %db = seg.norm_grad_stats instance %x, %dy, %g, %s, %s epsilon 1.0e-3 : (tensor<2x4x4x8xf32>, tensor<2x4x2x8xf32>, tensor<8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

// batch_norm_c1: momentum in [0, 1]
func.func @batch_norm_c1(%x: tensor<2x4x4x8xf32>, %g: tensor<8xf32>, %c: tensor<8xf32>) {
  // expected-error @+1 {{expects momentum in [0, 1], got 1.5}}
  %y = seg.batch_norm %x, %g, %c running %c, %c epsilon 1.0e-3 momentum 1.5 : (tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// norm_apply: pointwise_c1 of a piece
func.func @norm_apply(%x: tensor<2x4x4x8xf32>, %s: tensor<3x8xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expects operands that broadcast to 2x4x4x8, got 3x8}}
  %y = seg.norm_apply %x, %s, %s, %g, %g : (tensor<2x4x4x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  return
}

// -----

// norm_c6: a finite epsilon
func.func @norm_c6_infinite(%x: tensor<2x4x4x8xf32>) {
  // expected-error @+1 {{expects a finite epsilon, got INF}}
  %m, %r = seg.norm_stats instance %x epsilon 0x7FF0000000000000 : (tensor<2x4x4x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// pointwise_c2: finite numbers, also of ops that no network holds
func.func @pointwise_c2(%x: tensor<8xf32>) {
  // expected-error @+1 {{expects a finite momentum}}
  %z = seg.running_mean %x, %x momentum 0x7FF8000000000000 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// pointwise_c2: in f32, too
func.func @pointwise_c2_f32(%x: tensor<8xf32>) {
  // expected-error @+1 {{expects a finite epsilon, got 1.000000e+300, which f32 does not hold}}
  %z = seg.running_variance %x, %x momentum 0.5 epsilon 1.0e+300 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// norm_c8: ranks exchange no statistics of samples
func.func @norm_c8_deviation(%s: tensor<2x8xf32>) {
  // expected-error @+1 {{expects statistics of a batch norm, one value for each channel, got 'tensor<2x8xf32>'}}
  %d = seg.norm_deviation %s, %s, %s : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

// norm_c8: of one type
func.func @norm_c8_center(%s: tensor<8xf32>, %one: tensor<1xf32>) {
  // expected-error @+1 {{expects statistics of the result's type 'tensor<8xf32>', got 'tensor<1xf32>'}}
  %d = seg.norm_deviation %s, %s, %one : (tensor<8xf32>, tensor<8xf32>, tensor<1xf32>) -> tensor<8xf32>
  return
}

// -----

// norm_c8: nor what is computed of them
func.func @norm_c8_rstd(%s: tensor<2x8xf32>) {
  // expected-error @+1 {{expects statistics of a batch norm, one value for each channel, got 'tensor<2x8xf32>'}}
  %r = seg.norm_rstd %s : tensor<2x8xf32>
  return
}
