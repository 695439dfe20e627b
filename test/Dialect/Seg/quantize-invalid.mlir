// RUN: segc-opt %s --split-input-file --verify-diagnostics

// quantize_c1: a scale is above 0
func.func @negative_scale(%x: tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xi8> {
  // expected-error @+1 {{expects a scale above 0, got -5.000000e-01}}
  %0 = seg.quantize %x scale -0.5 : tensor<2x4x4x8xf32> -> tensor<2x4x4x8xi8>
  return %0 : tensor<2x4x4x8xi8>
}

// -----

// quantize_c1: also in f32
func.func @vanishing_scale(%x: tensor<2x4x4x8xi8>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects a scale above 0, got 1.000000e-60, which f32 does not hold}}
  %0 = seg.dequantize %x scale 1.0e-60 : (tensor<2x4x4x8xi8>) -> tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// -----

// quantize_filter_c1: the whole numbers have the filter's shape
func.func @other_filter(%w: tensor<3x3x8x16xf32>) -> tensor<16xf32> {
  // expected-error @+1 {{expects whole numbers of the filter's shape, 3x3x8x16, got 3x3x8x8}}
  %0, %1 = seg.quantize_filter %w : (tensor<3x3x8x16xf32>) -> (tensor<3x3x8x8xi8>, tensor<16xf32>)
  return %1 : tensor<16xf32>
}

// -----

// quantize_filter_c2: there is a scale for each output channel
func.func @other_channels(%w: tensor<3x3x8x16xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{expects a scale for each output channel of 'tensor<3x3x8x16xf32>', got 'tensor<8xf32>'}}
  %0, %1 = seg.quantize_filter %w : (tensor<3x3x8x16xf32>) -> (tensor<3x3x8x16xi8>, tensor<8xf32>)
  return %1 : tensor<8xf32>
}

// -----

// dequantize_c1: there is a scale
func.func @no_scale(%q: tensor<2x4x4x8xi8>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects either scale or scales, got none}}
  %0 = seg.dequantize %q : (tensor<2x4x4x8xi8>) -> tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// -----

// dequantize_c1: there is one of them
func.func @both_scales(%q: tensor<2x4x4x8xi8>, %s: tensor<8xf32>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects either scale or scales, got both}}
  %0 = seg.dequantize %q scale 0.5 scales %s : (tensor<2x4x4x8xi8>, tensor<8xf32>) -> tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// -----

// dequantize_c2: there is a scale for each channel
func.func @scale_of_a_sample(%q: tensor<2x4x4x8xi8>, %s: tensor<2x8xf32>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects a scale for each channel of 'tensor<2x4x4x8xi8>', got 'tensor<2x8xf32>'}}
  %0 = seg.dequantize %q scales %s : (tensor<2x4x4x8xi8>, tensor<2x8xf32>) -> tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// -----

// quantization_c1: the scale of an input is above 0
func.func @zero_input_scale(%x: tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects seg.input_scale to be a number above 0, got 0.000000e+00}}
  %0 = seg.relu %x {seg.input_scale = 0.0} : tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// -----

// quantization_c1: an error is a number
func.func @error_text(%x: tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xf32> {
  // expected-error @+1 {{expects seg.quantized_error to be a number of at least 0, got "small"}}
  %0 = seg.relu %x {seg.quantized_error = "small"} : tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}
