// RUN: segc-opt %s --verify-diagnostics --split-input-file

// augment_c1: planes or volumes
func.func @augment_c1(%x: tensor<2x7x3xf32>, %i: tensor<2x3x24xf32>) {
  // expected-error @+1 {{expects an image of 4 or 5 dimensions, got 3}}
  %y = seg.lower_resolution %x, %i : (tensor<2x7x3xf32>, tensor<2x3x24xf32>) -> tensor<2x7x3xf32>
  return
}

// -----

// augment_c2: 24 numbers of each sample and channel
func.func @augment_c2(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x23xf32>) {
  // expected-error @+1 {{expects intensities of shape 2x3x24, got 2x3x23}}
  %y = seg.lower_resolution %x, %i : (tensor<2x6x7x5x3xf32>, tensor<2x3x23xf32>) -> tensor<2x6x7x5x3xf32>
  return
}

// -----

// augment_c3: 4 statistics of each sample and channel
func.func @augment_c3(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x24xf32>) {
  // expected-error @+1 {{expects statistics of shape 2x3x4, got 2x4}}
  %y = seg.channel_statistics gamma %x, %i : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x4xf32>
  return
}

// -----

// augment_c4: the shape of the image
func.func @augment_c4(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x24xf32>) {
  // expected-error @+1 {{expects a result of shape 2x6x7x5x3, got 2x6x7x6x3}}
  %y = seg.blur_axis 1 %x, %i : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x6x7x6x3xf32>
  return
}

// -----

// augment_c5: 24 numbers of each sample
func.func @augment_c5(%c: tensor<2x9x9x8xi32>, %m: tensor<1x24xf32>) {
  // expected-error @+1 {{expects maps of shape 2x24, got 1x24}}
  %y, %z = seg.sample_labels %c, %m : (tensor<2x9x9x8xi32>, tensor<1x24xf32>) -> (tensor<2x6x7x5xi32>, tensor<2x6x7x5xi32>)
  return
}

// -----

// sample_patch_c1: channels of the crop
func.func @sample_patch_c1(%c: tensor<2x9x9x8x2xf32>, %m: tensor<2x24xf32>, %i: tensor<2x3x24xf32>, %k: tensor<2x4xi32>) {
  // expected-error @+1 {{expects a crop of 5 dimensions with 2 samples and 3 channels, got 2x9x9x8x2}}
  %y = seg.sample_patch %c, %m, %i, %k : (tensor<2x9x9x8x2xf32>, tensor<2x24xf32>, tensor<2x3x24xf32>, tensor<2x4xi32>) -> tensor<2x6x7x5x3xf32>
  return
}

// -----

// sample_patch_c2: 4 words of each sample
func.func @sample_patch_c2(%c: tensor<2x9x9x8x3xf32>, %m: tensor<2x24xf32>, %i: tensor<2x3x24xf32>, %k: tensor<2x2xi32>) {
  // expected-error @+1 {{expects noise keys of shape 2x4, got 2x2}}
  %y = seg.sample_patch %c, %m, %i, %k : (tensor<2x9x9x8x3xf32>, tensor<2x24xf32>, tensor<2x3x24xf32>, tensor<2x2xi32>) -> tensor<2x6x7x5x3xf32>
  return
}

// -----

// sample_labels_c1: labels of planes or volumes
func.func @sample_labels_c1(%c: tensor<2x9x9xi32>, %m: tensor<2x24xf32>) {
  // expected-error @+1 {{expects a crop of 4 dimensions and labels of 3 or 4 with equal samples, got 2x9x9 and 2x6x7x5}}
  %y, %z = seg.sample_labels %c, %m : (tensor<2x9x9xi32>, tensor<2x24xf32>) -> (tensor<2x6x7x5xi32>, tensor<2x6x7x5xi32>)
  return
}

// -----

// sample_labels_c2: equal shapes of both results
func.func @sample_labels_c2(%c: tensor<2x9x9x8xi32>, %m: tensor<2x24xf32>) {
  // expected-error @+1 {{expects unclamped labels of shape 2x6x7x5, got 2x6x7}}
  %y, %z = seg.sample_labels %c, %m : (tensor<2x9x9x8xi32>, tensor<2x24xf32>) -> (tensor<2x6x7x5xi32>, tensor<2x6x7xi32>)
  return
}

// -----

// blur_axis_c1: an axis of the image
func.func @blur_axis_c1(%x: tensor<2x7x5x1xf32>, %i: tensor<2x1x24xf32>) {
  // expected-error @+1 {{expects an axis from 1 to 2 of the image, got 0}}
  %y = seg.blur_axis 0 %x, %i : (tensor<2x7x5x1xf32>, tensor<2x1x24xf32>) -> tensor<2x7x5x1xf32>
  return
}

// -----

// adjust_gamma_c1: a gamma
func.func @adjust_gamma_c1(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x24xf32>, %s: tensor<2x3x4xf32>) {
  // expected-error @+1 {{expects the step gamma or inverted_gamma, got contrast}}
  %y = seg.adjust_gamma contrast %x, %i, %s : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  return
}

// -----

// retain_statistics: adjust_gamma_c1 of what follows
func.func @retain_statistics(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x24xf32>, %s: tensor<2x3x4xf32>) {
  // expected-error @+1 {{expects the step gamma or inverted_gamma, got contrast}}
  %y = seg.retain_statistics contrast %x, %i, %s, %s : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  return
}

// -----

// retain_statistics_c1: a label of each voxel
func.func @retain_statistics_c1(%x: tensor<2x6x7x5x3xf32>, %i: tensor<2x3x24xf32>, %s: tensor<2x3x4xf32>, %l: tensor<2x6x7x4xi32>) {
  // expected-error @+1 {{expects labels of shape 2x6x7x5, got 2x6x7x4}}
  %y = seg.retain_statistics gamma %x, %i, %s, %s mask %l : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x6x7x4xi32>) -> tensor<2x6x7x5x3xf32>
  return
}
