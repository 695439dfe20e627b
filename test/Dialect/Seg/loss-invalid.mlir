// RUN: segc-opt %s --verify-diagnostics --split-input-file

// loss_c1: labels of the logits' positions
func.func @loss_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x5xi32>) {
  // expected-error @+1 {{expects labels of shape 2x4x4, got 2x4x5}}
  %l = seg.cross_entropy %z, %t : (tensor<2x4x4x3xf32>, tensor<2x4x5xi32>) -> tensor<f32>
  return
}

// -----

// loss_c1_rank: logits with spatial dimensions
func.func @loss_c1_rank(%z: tensor<f32>, %t: tensor<i32>) {
  // expected-error @+1 {{expects labels of shape , got }}
  %l = seg.cross_entropy %z, %t : (tensor<f32>, tensor<i32>) -> tensor<f32>
  return
}

// -----

// loss_c2: at least 2 classes
func.func @loss_c2(%z: tensor<2x4x4x1xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects at least 2 classes, got 1}}
  %l = seg.cross_entropy %z, %t : (tensor<2x4x4x1xf32>, tensor<2x4x4xi32>) -> tensor<f32>
  return
}

// -----

// loss_c3: a result of the logits' type
func.func @loss_c3(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>, %g: tensor<f32>) {
  // expected-error @+1 {{expects a result of the logits' type 'tensor<2x4x4x3xf32>', got 'tensor<2x4x4x2xf32>'}}
  %dz = seg.cross_entropy_grad %z, %t, %g : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<f32>) -> tensor<2x4x4x2xf32>
  return
}

// -----

// dice_c1: sums a sample and class
func.func @dice_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects sums of shape 2x3x3, got 2x2x3}}
  %l, %p, %s = seg.dice %z, %t smooth 1.0 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x2x3xf32>)
  return
}

// -----

// dice_c2: a value a class
func.func @dice_c2(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a Dice value for each of the 3 classes, got 2}}
  %l, %p, %s = seg.dice %z, %t smooth 1.0 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<2xf32>, tensor<2x3x3xf32>)
  return
}

// -----

// cross_entropy_c1: gamma of at least 0
func.func @cross_entropy_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects focal_gamma of at least 0, got -1.0}}
  %l = seg.cross_entropy %z, %t focal_gamma -1.0 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> tensor<f32>
  return
}

// -----

// cross_entropy_grad: cross_entropy_c1 of the gradient
func.func @cross_entropy_grad(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>, %g: tensor<f32>) {
  // expected-error @+1 {{expects focal_gamma of at least 0, got -1.0}}
  %dz = seg.cross_entropy_grad %z, %t, %g focal_gamma -1.0 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<f32>) -> tensor<2x4x4x3xf32>
  return
}

// -----

// cross_entropy_c1: a finite gamma
func.func @cross_entropy_c1_infinite(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a finite focal_gamma}}
  %l = seg.cross_entropy %z, %t focal_gamma 0x7FF0000000000000 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> tensor<f32>
  return
}

// -----

// dice_c3: no 0/0 for a class that is nowhere
func.func @dice_c3(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a finite smooth above 0 (a class that is nowhere is 0/0 without), got 0.0}}
  %l, %d, %s = seg.dice %z, %t smooth 0.0 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  return
}

// -----

// weighted_cross_entropy_c1: a weight for each class
func.func @weighted_cross_entropy_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a weight for each of the 3 classes, got 2}}
  %l, %w = seg.weighted_cross_entropy %z, %t weights [1.0, 1.0] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// weighted_cross_entropy_c2: weights of at least 0
func.func @weighted_cross_entropy_c2(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>, %g: tensor<f32>) {
  // expected-error @+1 {{expects finite weights of at least 0, got -1.0}}
  %dz = seg.weighted_cross_entropy_grad %z, %t, %g, %g weights [1.0, -1.0, 0.0] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<f32>, tensor<f32>) -> tensor<2x4x4x3xf32>
  return
}

// -----

// weighted_cross_entropy_c2: a class that counts
func.func @weighted_cross_entropy_c2_none(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a class with a weight above 0, got none}}
  %l, %w = seg.weighted_cross_entropy %z, %t weights [0.0, 0.0, 0.0] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}
