// RUN: segc-opt %s --verify-diagnostics --split-input-file

// concat_c1: an operand
func.func @concat_c1() {
  // expected-error @+1 {{expects at least one operand, got 0}}
  %y = seg.concat  : () -> tensor<1x2x2x3xf32>
  return
}

// -----

// concat_c2: equal positions
func.func @concat_c2(%a0: tensor<1x4x4x2xf32>, %a1: tensor<1x4x3x2xf32>) {
  // expected-error @+1 {{expects operands of 1x4x4 positions, got 1x4x3}}
  %y = seg.concat %a0, %a1 : (tensor<1x4x4x2xf32>, tensor<1x4x3x2xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

// concat_c2_scalar: no channels to concatenate
func.func @concat_c2_scalar(%a0: tensor<f32>, %a1: tensor<f32>) {
  // expected-error @+1 {{expects operands of  positions, got }}
  %y = seg.concat %a0, %a1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

// concat_c3: channels add up
func.func @concat_c3(%a0: tensor<1x4x4x2xf32>, %a1: tensor<1x4x4x3xf32>) {
  // expected-error @+1 {{operands have 5 channels in all, but the result has 4}}
  %y = seg.concat %a0, %a1 : (tensor<1x4x4x2xf32>, tensor<1x4x4x3xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

// slice_channels_c1: equal positions
func.func @slice_channels_c1(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects a result of 1x4x4 positions, got 1x4x2}}
  %y = seg.slice_channels %x from 1 : tensor<1x4x4x5xf32> -> tensor<1x4x2x2xf32>
  return
}

// -----

// slice_channels_c2: channels within the input
func.func @slice_channels_c2(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects channels within 5, got 2 from 4}}
  %y = seg.slice_channels %x from 4 : tensor<1x4x4x5xf32> -> tensor<1x4x4x2xf32>
  return
}

// -----

// slice_channels_c2_overflow: an offset whose end does not fit in 64 bits
func.func @slice_channels_c2_overflow(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects channels within 5, got 2 from 9223372036854775807}}
  %y = seg.slice_channels %x from 9223372036854775807 : tensor<1x4x4x5xf32> -> tensor<1x4x4x2xf32>
  return
}

// -----

// crop_c1: an offset a dimension
func.func @crop_c1(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects an offset for each of the 2 spatial dimensions, got 1}}
  %y = seg.crop %x at [1] : tensor<1x4x4x5xf32> -> tensor<1x2x2x5xf32>
  return
}

// -----

// crop_c2: equal samples and channels
func.func @crop_c2(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects equal samples and channels, got 1x4x4x5 and 1x2x2x4}}
  %y = seg.crop %x at [1, 1] : tensor<1x4x4x5xf32> -> tensor<1x2x2x4xf32>
  return
}

// -----

// crop_c3: a window within the input
func.func @crop_c3(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects a window within 4, got 2 from 3}}
  %y = seg.crop %x at [1, 3] : tensor<1x4x4x5xf32> -> tensor<1x2x2x5xf32>
  return
}

// -----

// crop_c3 of pad: the input within the result
func.func @pad_crop_c3(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects a window within 5, got 4 from 2}}
  %y = seg.pad %x low [1, 2] : tensor<1x4x4x5xf32> -> tensor<1x5x5x5xf32>
  return
}

// -----

// resize_c1: equal samples and channels
func.func @resize_c1(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects equal ranks, samples and channels, got 1x4x4x5 and 1x8x8x4}}
  %y = seg.resize linear %x  : tensor<1x4x4x5xf32> -> tensor<1x8x8x4xf32>
  return
}

// -----

// resize_grad: resize_c1 of the gradient
func.func @resize_grad(%x: tensor<1x4x4x5xf32>) {
  // expected-error @+1 {{expects equal ranks, samples and channels, got 1x4x4x5 and 1x8x5}}
  %y = seg.resize_grad cubic %x  : tensor<1x4x4x5xf32> -> tensor<1x8x5xf32>
  return
}

// -----

// downsample_labels_c1: equal samples
func.func @downsample_labels_c1(%x: tensor<2x4x4xi32>) {
  // expected-error @+1 {{expects equal ranks and samples, got 2x4x4 and 1x2x2}}
  %y = seg.downsample_labels %x : tensor<2x4x4xi32> -> tensor<1x2x2xi32>
  return
}

// -----

// downsample_labels_c2: a whole number of voxels for each
func.func @downsample_labels_c2(%x: tensor<1x4x6xi32>) {
  // expected-error @+1 {{expects sizes that divide those of the input, got 1x4x6 and 1x2x4}}
  %y = seg.downsample_labels %x : tensor<1x4x6xi32> -> tensor<1x2x4xi32>
  return
}
