// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// Every form of the convolutions: with and without bias, filter orders, 2-D
// and 3-D.

// CHECK-LABEL: @conv
func.func @conv(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x16xf32>, %b: tensor<16xf32>) -> tensor<1x4x4x16xf32> {
  // CHECK: seg.conv %{{.*}}, %{{.*}} bias %{{.*}} strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>) -> tensor<1x4x4x16xf32>
  %y = seg.conv %x, %w bias %b strides [2, 2] pad_low [0, 0] pad_high [1, 1]
     : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>) -> tensor<1x4x4x16xf32>
  return %y : tensor<1x4x4x16xf32>
}

// Dilations and groups; what is 1 is not printed.
// CHECK-LABEL: @dilations_and_groups
func.func @dilations_and_groups(%x: tensor<1x8x8x6xf32>, %w: tensor<3x3x2x9xf32>, %v: tensor<2x2x9x2xf32>, %u: tensor<3x3x6x2xf32>) -> tensor<1x8x8x6xf32> {
  // CHECK: seg.conv %{{.*}}, %{{.*}} strides [2, 2] pad_low [2, 1] pad_high [1, 1] dilations [2, 1] groups 3 : (tensor<1x8x8x6xf32>, tensor<3x3x2x9xf32>) -> tensor<1x4x4x9xf32>
  %y = seg.conv %x, %w strides [2, 2] pad_low [2, 1] pad_high [1, 1] dilations [2, 1] groups 3
     : (tensor<1x8x8x6xf32>, tensor<3x3x2x9xf32>) -> tensor<1x4x4x9xf32>
  // CHECK: seg.conv_transpose %{{.*}}, %{{.*}} strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 3 : (tensor<1x4x4x9xf32>, tensor<2x2x9x2xf32>) -> tensor<1x8x8x6xf32>
  %z = seg.conv_transpose %y, %v strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 3
     : (tensor<1x4x4x9xf32>, tensor<2x2x9x2xf32>) -> tensor<1x8x8x6xf32>
  // CHECK: seg.conv_input_grad %{{.*}}, %{{.*}} strides [2, 2] pad_low [2, 1] pad_high [1, 1] dilations [2, 1] groups 3 :
  %dx = seg.conv_input_grad %y, %w strides [2, 2] pad_low [2, 1] pad_high [1, 1] dilations [2, 1] groups 3
     : (tensor<1x4x4x9xf32>, tensor<3x3x2x9xf32>) -> tensor<1x8x8x6xf32>
  // CHECK: seg.conv_filter_grad %{{.*}}, %{{.*}} strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 3 transpose_filter :
  %dv = seg.conv_filter_grad %z, %y strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 3 transpose_filter
     : (tensor<1x8x8x6xf32>, tensor<1x4x4x9xf32>) -> tensor<2x2x9x2xf32>
  // CHECK: seg.conv %{{.*}}, %{{.*}} strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x6xf32>, tensor<3x3x6x2xf32>)
  %t = seg.conv %z, %u strides [1, 1] pad_low [1, 1] pad_high [1, 1] groups 1
     : (tensor<1x8x8x6xf32>, tensor<3x3x6x2xf32>) -> tensor<1x8x8x2xf32>
  return %z : tensor<1x8x8x6xf32>
}

// CHECK-LABEL: @conv_transpose_filter
func.func @conv_transpose_filter(%x: tensor<2x4x4x4x3xf16>, %w: tensor<1x1x1x8x3xf16>) -> tensor<2x4x4x4x8xf16> {
  // CHECK: seg.conv %{{.*}}, %{{.*}} strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] transpose_filter : (tensor<2x4x4x4x3xf16>, tensor<1x1x1x8x3xf16>) -> tensor<2x4x4x4x8xf16>
  %y = seg.conv %x, %w strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] transpose_filter
     : (tensor<2x4x4x4x3xf16>, tensor<1x1x1x8x3xf16>) -> tensor<2x4x4x4x8xf16>
  return %y : tensor<2x4x4x4x8xf16>
}

// CHECK-LABEL: @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x4x32xf32>, %w: tensor<3x3x32x16xf32>, %b: tensor<16xf32>) -> tensor<1x8x8x16xf32> {
  // CHECK: seg.conv_transpose %{{.*}}, %{{.*}} bias %{{.*}} strides [2, 2] pad_low [0, 0] pad_high [1, 1] : (tensor<1x4x4x32xf32>, tensor<3x3x32x16xf32>, tensor<16xf32>) -> tensor<1x8x8x16xf32>
  %y = seg.conv_transpose %x, %w bias %b strides [2, 2] pad_low [0, 0] pad_high [1, 1]
     : (tensor<1x4x4x32xf32>, tensor<3x3x32x16xf32>, tensor<16xf32>) -> tensor<1x8x8x16xf32>
  return %y : tensor<1x8x8x16xf32>
}

// CHECK-LABEL: @gradients
func.func @gradients(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x16xf32>, %dy: tensor<1x8x8x16xf32>)
    -> (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>) {
  // CHECK: seg.conv_input_grad %{{.*}}, %{{.*}} strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x16xf32>, tensor<3x3x3x16xf32>) -> tensor<1x8x8x3xf32>
  %dx = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1]
     : (tensor<1x8x8x16xf32>, tensor<3x3x3x16xf32>) -> tensor<1x8x8x3xf32>
  // CHECK: seg.conv_filter_grad %{{.*}}, %{{.*}} strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x3xf32>, tensor<1x8x8x16xf32>) -> tensor<3x3x3x16xf32>
  %dw = seg.conv_filter_grad %x, %dy strides [1, 1] pad_low [1, 1] pad_high [1, 1]
     : (tensor<1x8x8x3xf32>, tensor<1x8x8x16xf32>) -> tensor<3x3x3x16xf32>
  // CHECK: seg.channel_sum %{{.*}} : tensor<1x8x8x16xf32> -> tensor<16xf32>
  %db = seg.channel_sum %dy : tensor<1x8x8x16xf32> -> tensor<16xf32>
  return %dx, %dw, %db : tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>
}
