// RUN: segc-opt %s --verify-diagnostics --split-input-file

// conv_c1: activations of rank 4 or 5
func.func @conv_c1(%x: tensor<1x8x3xf32>, %w: tensor<3x3x4xf32>) {
  // expected-error @+1 {{expects activations of rank 4 or 5 (N, spatial, C), got 'tensor<1x8x3xf32>'}}
  %y = seg.conv %x, %w strides [1] pad_low [0] pad_high [0] : (tensor<1x8x3xf32>, tensor<3x3x4xf32>) -> tensor<1x6x4xf32>
  return
}

// -----

// conv_c2: one rank
func.func @conv_c2(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x4xf32>) {
  // expected-error @+1 {{expects input, output and filter of one rank, got 'tensor<1x8x8x3xf32>', 'tensor<1x6x6x4xf32>' and 'tensor<3x3x4xf32>'}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// Types: sizes are known and at least 1, and their product is bounded
func.func @dynamic(%x: tensor<1x?x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{operand #0 must be static tensor of 1 to 2^40 elements of 16-bit float or bfloat16 type or 32-bit float or 64-bit float values, but got 'tensor<1x?x8x3xf32>'}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x?x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c4: an attribute value for each dimension
func.func @conv_c4(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects 2 values in strides, got 1}}
  %y = seg.conv %x, %w strides [1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c4_strides: strides of at least 1
func.func @conv_c4_strides(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects strides of at least 1, got 0}}
  %y = seg.conv %x, %w strides [1, 0] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c4_padding: padding of at least 0
func.func @conv_c4_padding(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects pad_high of at least 0, got -1}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [-1, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c5: input channels
func.func @conv_c5(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x5x4xf32>) {
  // expected-error @+1 {{filter has 5 input channels, but the input has 3}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x5x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c5_transposed: input channels of a transposed filter
func.func @conv_c5_transposed(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{filter has 4 input channels, but the input has 3}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] transpose_filter : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c6: output channels
func.func @conv_c6(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{filter has 4 output channels, but the output has 2}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x2xf32>
  return
}

// -----

// conv_c7: one number of samples
func.func @conv_c7(%x: tensor<2x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects one number of samples, got 2 and 1}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c8: spatial size
func.func @conv_c8(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects spatial size 3x3 by strides and padding, got 4x4}}
  %y = seg.conv %x, %w strides [2, 2] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

// conv_c8_window: a window larger than the input
func.func @conv_c8_window(%x: tensor<1x2x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects spatial size 0x6 by strides and padding, got 1x6}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x2x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x1x6x4xf32>
  return
}

// -----

// conv_c9: one element type
func.func @conv_c9(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf16>) {
  // expected-error @+1 {{expects one element type, got 'f32', 'f32' and 'f16'}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf16>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c10: a bias value a channel
func.func @conv_c10(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{expects a bias of 4 values, got 'tensor<3xf32>'}}
  %y = seg.conv %x, %w bias %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>, tensor<3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c11: a dilation for each dimension
func.func @conv_c11(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects 2 values in dilations, got 1}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] dilations [2] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

// conv_c11_range: dilations of at least 1
func.func @conv_c11_range(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects dilations from 1 to 1048576, got 0}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] dilations [0, 1] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x8x6x4xf32>
  return
}

// -----

// conv_c11_transposed: and of a transposed convolution
func.func @conv_c11_transposed(%x: tensor<1x4x4x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects dilations from 1 to 1048576, got 4611686018427387904}}
  %y = seg.conv_transpose %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] dilations [4611686018427387904, 1] : (tensor<1x4x4x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c8_dilated: spatial size with dilations
func.func @conv_c8_dilated(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects spatial size 4x6 by strides and padding, got 6x6}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] dilations [2, 1] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c12: groups divide the channels
func.func @conv_c12(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x2x5xf32>) {
  // expected-error @+1 {{expects groups that divide the channels of input and output, 4 and 5, got 2}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] groups 2 : (tensor<1x8x8x4xf32>, tensor<3x3x2x5xf32>) -> tensor<1x6x6x5xf32>
  return
}

// -----

// conv_c12_least: groups of at least 1
func.func @conv_c12_least(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x4xf32>) {
  // expected-error @+1 {{expects groups that divide the channels of input and output, 4 and 4, got 0}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] groups 0 : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c5_groups: input channels of a group
func.func @conv_c5_groups(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x6xf32>) {
  // expected-error @+1 {{filter has 8 input channels, 4 for each of 2 groups, but the input has 4}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] groups 2 : (tensor<1x8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

// conv_input_grad_c2: all channels of groups
func.func @conv_input_grad_c2(%dy: tensor<1x6x6x6xf32>, %w: tensor<3x3x2x6xf32>) {
  // expected-error @+1 {{expects first_channel 0 with 2 groups, got 1}}
  %dx = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] groups 2 first_channel 1 : (tensor<1x6x6x6xf32>, tensor<3x3x2x6xf32>) -> tensor<1x8x8x2xf32>
  return
}

// -----

// conv_transpose_c1: spatial size
func.func @conv_transpose_c1(%x: tensor<1x4x4x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects spatial size 8x8 by strides and padding, got 9x9}}
  %y = seg.conv_transpose %x, %w strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x4x4x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x9x9x4xf32>
  return
}

// -----

// conv_transpose_rank: conv_c1 of a transposed convolution
func.func @conv_transpose_rank(%x: tensor<4x3xf32>, %w: tensor<3x3x4xf32>) {
  // expected-error @+1 {{expects activations of rank 4 or 5 (N, spatial, C), got 'tensor<4x3xf32>'}}
  %y = seg.conv_transpose %x, %w strides [1] pad_low [0] pad_high [0] : (tensor<4x3xf32>, tensor<3x3x4xf32>) -> tensor<1x9x4xf32>
  return
}

// -----

// conv_transpose_filter: conv_c5 of a transposed convolution: out comes last
func.func @conv_transpose_filter(%x: tensor<1x4x4x3xf32>, %w: tensor<3x3x5x4xf32>) {
  // expected-error @+1 {{filter has 5 output channels, but the output has 3}}
  %y = seg.conv_transpose %x, %w strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x4x4x3xf32>, tensor<3x3x5x4xf32>) -> tensor<1x8x8x4xf32>
  return
}

// -----

// conv_input_grad: conv_c6 of the input gradient
func.func @conv_input_grad(%dy: tensor<1x6x6x4xf32>, %w: tensor<3x3x3x2xf32>) {
  // expected-error @+1 {{filter has 2 output channels, but the output has 4}}
  %dx = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x6x6x4xf32>, tensor<3x3x3x2xf32>) -> tensor<1x8x8x3xf32>
  return
}

// -----

// conv_input_grad_c1
func.func @conv_input_grad_c1(%dy: tensor<1x6x6x2xf32>, %w: tensor<3x3x3x2xf32>) {
  // expected-error @+1 {{filter has 3 input channels, but the result has 2 from channel 2 on}}
  %dx = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] first_channel 2 : (tensor<1x6x6x2xf32>, tensor<3x3x3x2xf32>) -> tensor<1x8x8x2xf32>
  return
}

// -----

// conv_filter_grad: conv_c8 of the filter gradient
func.func @conv_filter_grad(%x: tensor<1x8x8x3xf32>, %dy: tensor<1x6x6x4xf32>) {
  // expected-error @+1 {{expects spatial size 4x4 by strides and padding, got 6x6}}
  %dw = seg.conv_filter_grad %x, %dy strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<1x6x6x4xf32>) -> tensor<5x5x3x4xf32>
  return
}

// -----

// channel_sum_c1: a value a channel
func.func @channel_sum_c1(%x: tensor<1x6x6x4xf32>) {
  // expected-error @+1 {{expects one value for each channel of 'tensor<1x6x6x4xf32>', got 'tensor<3xf32>'}}
  %y = seg.channel_sum %x : tensor<1x6x6x4xf32> -> tensor<3xf32>
  return
}

// -----

func.func @no_elements(%x: tensor<1x0x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{operand #0 must be static tensor of 1 to 2^40 elements}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x0x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x0x8x4xf32>
  return
}

// -----

// 2^41 elements, and a product of sizes beyond 64 bits
func.func @large(%x: tensor<1x1x1x1xf32>, %w: tensor<1099511627776x1099511627776x1x1xf32>) {
  // expected-error @+1 {{operand #1 must be static tensor of 1 to 2^40 elements}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x1x1x1xf32>, tensor<1099511627776x1099511627776x1x1xf32>) -> tensor<1x1x1x1xf32>
  return
}

// -----

func.func @encoding(%x: tensor<1x8x8x3xf32, "blocked">, %w: tensor<1x1x3x4xf32>) {
  // expected-error @+1 {{operand #0 must be static tensor}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32, "blocked">, tensor<1x1x3x4xf32>) -> tensor<1x8x8x4xf32>
  return
}

// -----

// conv_c4: sums with a size stay in 64 bits
func.func @conv_c4_large(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects pad_low of at most 1048576, got 9223372036854775807}}
  %y = seg.conv %x, %w strides [1, 1] pad_low [9223372036854775807, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv_c4: before the size of a transposed convolution is computed
func.func @conv_c4_transposed(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{expects strides of at least 1, got -1}}
  %y = seg.conv_transpose %x, %w strides [-1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}
