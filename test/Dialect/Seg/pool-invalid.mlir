// RUN: segc-opt %s --verify-diagnostics --split-input-file

// max_pool_c1: a window and a stride a dimension
func.func @max_pool_c1(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects a window and a stride for each of the 2 spatial dimensions, got 1 and 2}}
  %y = seg.max_pool %x window [2] strides [2, 2] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return
}

// -----

// max_pool_c2: windows and strides of at least 1
func.func @max_pool_c2(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects windows and strides of at least 1, got 2 and 0}}
  %y = seg.max_pool %x window [2, 2] strides [2, 0] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return
}

// -----

// max_pool_c3: the shape of the result
func.func @max_pool_c3(%x: tensor<1x5x4x2xf32>) {
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

// max_pool_c4: windows within the input
func.func @max_pool_c4(%x: tensor<1x4x4x2xf32>) {
  // expected-error @+1 {{expects windows within the input, got 5 of 4}}
  %y = seg.max_pool %x window [5, 2] strides [1, 1] : tensor<1x4x4x2xf32> -> tensor<1x1x3x2xf32>
  return
}
