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

// -----

// regions_c1: an ignored label of regions
func.func @regions_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects regions beside the ignored label 4, got none}}
  %l, %d, %s = seg.dice %z, %t smooth 1.0 ignored 4 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  return
}

// -----

// regions_c2: label values for each channel
func.func @regions_c2(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects label values for each of the 3 regions, got 2}}
  %l, %v = seg.binary_cross_entropy %z, %t regions [[1], [2]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// regions_c3: regions with label values
func.func @regions_c3(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects label values of region 1, got none}}
  %l, %v = seg.binary_cross_entropy %z, %t regions [[1], [], [2]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// regions_c3_value: values that labels have
func.func @regions_c3_value(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects label values from 0 to 2147483647, got -1}}
  %l, %v = seg.binary_cross_entropy %z, %t regions [[1], [-1], [2]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// regions_c3_ignored: a value that labels have
func.func @regions_c3_ignored(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects an ignored label from 0 to 2147483647, got -1}}
  %l, %v = seg.binary_cross_entropy %z, %t regions [[1], [1], [2]] ignored -1 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// regions_c4: the ignored label is in no region
func.func @regions_c4(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects regions without the ignored label 2, got it in region 2}}
  %l, %v = seg.binary_cross_entropy %z, %t regions [[1], [1], [1, 2]] ignored 2 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

// dice_c4: regions have no background
func.func @dice_c4(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects neither masked nor exclude_background with regions, which have no background, got exclude_background}}
  %l, %d, %s = seg.dice %z, %t exclude_background smooth 1.0 regions [[1], [2], [3]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  return
}

// -----

// dice_c4_masked: regions say which label is ignored
func.func @dice_c4_masked(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects neither masked nor exclude_background with regions, which have no background, got masked}}
  %l, %d, %s = seg.dice %z, %t smooth 1.0 masked regions [[1], [2], [3]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  return
}

// -----

// voxel_cross_entropy_c1: a number for each voxel
func.func @voxel_cross_entropy_c1(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a number for each voxel, 'tensor<2x4x4x1xf32>', got 'tensor<2x4x4x3xf32>'}}
  %l = seg.voxel_cross_entropy %z, %t : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> tensor<2x4x4x3xf32>
  return
}

// -----

// voxel_cross_entropy_grad: voxel_cross_entropy_c1 of the gradient
func.func @voxel_cross_entropy_grad(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects a number for each voxel, 'tensor<2x4x4x1xf32>', got 'tensor<2x4x4x3xf32>'}}
  %l = seg.voxel_cross_entropy_grad %z, %t, %z : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<2x4x4x3xf32>) -> tensor<2x4x4x3xf32>
  return
}

// -----

// binary_cross_entropy_grad: regions_c2 of the gradient
func.func @binary_cross_entropy_grad(%z: tensor<2x4x4x3xf32>, %t: tensor<2x4x4xi32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects label values for each of the 3 regions, got 1}}
  %l = seg.binary_cross_entropy_grad %z, %t, %s, %s regions [[1]] : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<f32>, tensor<f32>) -> tensor<2x4x4x3xf32>
  return
}

// -----

// dice_from_sums_c1: three sums of each sample and class
func.func @dice_from_sums_c1(%s: tensor<2x2x3xf32>) {
  // expected-error @+1 {{expects three sums of each sample and class, [N, 3, C], got 2x2x3}}
  %l, %d = seg.dice_from_sums %s smooth 1.0 : (tensor<2x2x3xf32>) -> (tensor<f32>, tensor<3xf32>)
  return
}

// -----

// dice_from_sums: dice_c2 of its classes
func.func @dice_from_sums(%s: tensor<2x3x3xf32>) {
  // expected-error @+1 {{expects a Dice value for each of the 3 classes, got 2}}
  %l, %d = seg.dice_from_sums %s smooth 1.0 : (tensor<2x3x3xf32>) -> (tensor<f32>, tensor<2xf32>)
  return
}
