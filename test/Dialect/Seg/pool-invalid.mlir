// RUN: segc-opt %s --verify-diagnostics --split-input-file

// pool_c1: a window and a stride a dimension
func.func @pool_c1(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects a window and a stride for each of the 2 spatial dimensions, got 1 and 2}}
  %y = seg.max_pool %x window [2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return
}

// -----

// pool_c2: windows and strides of at least 1
func.func @pool_c2(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects windows and strides of at least 1, got 2 and 0}}
  %y = seg.max_pool %x window [2, 2] strides [2, 0] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return
}

// -----

// pool_c3: the shape of the result
func.func @pool_c3(%x: tensor<1x5x4x2xf32>) {
  // expected-error @+1 {{expects 'tensor<1x2x2x2xf32>', got 'tensor<1x3x2x2xf32>'}}
  %y = seg.max_pool %x window [2, 2] strides [2, 2] : tensor<1x5x4x2xf32> -> tensor<1x3x2x2xf32>
  return
}

// -----

// max_pool_grad_c1: the type of the result
func.func @max_pool_grad_c1(%x: tensor<1x4x4x2xf32>, %dy: tensor<1x2x2x2xf32>) {
  // expected-error @+1 {{expects a result of the input's type 'tensor<1x4x4x2xf32>', got 'tensor<1x4x4x1xf32>'}}
  %dx = seg.max_pool_grad %x, %dy window [2, 2] strides [2, 2] : (tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x4x4x1xf32>
  return
}

// -----

// max_pool_grad_c2: windows that do not overlap
func.func @max_pool_grad_c2(%x: tensor<1x5x5x2xf32>, %dy: tensor<1x2x2x2xf32>) {
  // expected-error @+1 {{expects windows that do not overlap, got window 3 at stride 2}}
  %dx = seg.max_pool_grad %x, %dy window [3, 3] strides [2, 2] : (tensor<1x5x5x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x5x5x2xf32>
  return
}

// -----

// pool_c4: windows within the input
func.func @pool_c4(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects windows within the input, got 5 of 4}}
  %y = seg.max_pool %x window [5, 2] strides [1, 1] : tensor<1x4x4x2xf32> -> tensor<1x1x3x2xf32>
  return
}

// -----

// pool_c3: the element type of the result
func.func @pool_c3_element_type(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects 'tensor<1x2x2x2xf32>', got 'tensor<1x2x2x2xf16>'}}
  %y = seg.max_pool %x window [2, 2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf16>
  return
}

// -----

// pool_c2: strides that no sum with a size takes beyond 64 bits
func.func @pool_c2_large(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects strides of at most 1048576, got 1048577}}
  %y = seg.avg_pool %x window [2, 2] strides [1048577, 2] pad_low [0, 0] pad_high [0, 0] : tensor<1x4x4x2xf32> -> tensor<1x1x2x2xf32>
  return
}

// -----

// pool_c4: windows within the input and its padding
func.func @pool_c4_padded(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects windows within the input, got 7 of 6}}
  %y = seg.avg_pool %x window [7, 2] strides [1, 1] pad_low [1, 0] pad_high [1, 0] : tensor<1x4x4x2xf32> -> tensor<1x1x3x2xf32>
  return
}

// -----

// pool_c3: the shape of the gradient
func.func @pool_c3_grad(%dy: tensor<1x3x2x2xf32>) {
  // expected-error @+1 {{expects 'tensor<1x2x2x2xf32>', got 'tensor<1x3x2x2xf32>'}}
  %dx = seg.avg_pool_grad %dy window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0] : tensor<1x3x2x2xf32> -> tensor<1x5x4x2xf32>
  return
}

// -----

// avg_pool_c1: padding for each dimension
func.func @avg_pool_c1(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects 2 values in pad_high, got 1}}
  %y = seg.avg_pool %x window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return
}

// -----

// avg_pool_c2: padding less than the window
func.func @avg_pool_c2(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects pad_low from 0 to 1, less than the window, got 2}}
  %y = seg.avg_pool %x window [2, 2] strides [2, 2] pad_low [0, 2] pad_high [0, 0] : tensor<1x4x4x2xf32> -> tensor<1x2x3x2xf32>
  return
}

// -----

// avg_pool_c2: no negative padding
func.func @avg_pool_c2_negative(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects pad_high from 0 to 1, less than the window, got -2}}
  %y = seg.avg_pool %x window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, -2] : tensor<1x4x4x2xf32> -> tensor<1x2x1x2xf32>
  return
}
