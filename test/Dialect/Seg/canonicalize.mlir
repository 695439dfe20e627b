// RUN: segc-opt %s --canonicalize --split-input-file | FileCheck %s

// What changes nothing is its operand.
// CHECK-LABEL: @identities
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x4x2xf32>)
func.func @identities(%x: tensor<1x4x4x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %0 = seg.cast %x : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %1 = seg.concat %x : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = seg.crop %x at [0, 0] : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %3 = seg.pad %x low [0, 0] : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %4 = seg.resize linear %x : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  // CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
  return %0, %1, %2, %3, %4 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}

// -----

// What changes values or shapes stays.
// CHECK-LABEL: @not_identities
func.func @not_identities(%x: tensor<1x4x4x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x2xf32>) {
  // CHECK: seg.cast {{.*}} -> tensor<1x4x4x2xf16>
  %0 = seg.cast %x : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf16>
  // CHECK: seg.cast {{.*}} -> tensor<1x4x4x2xf32>
  %1 = seg.cast %0 : tensor<1x4x4x2xf16> -> tensor<1x4x4x2xf32>
  // CHECK: seg.concat
  %2 = seg.concat %x, %x : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: seg.crop
  %3 = seg.crop %x at [1, 1] : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  // CHECK: seg.pad
  %4 = seg.pad %3 low [1, 1] : tensor<1x2x2x2xf32> -> tensor<1x4x4x2xf32>
  return %1, %2, %4 : tensor<1x4x4x2xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x2xf32>
}

// -----

!dy = tensor<1x4x4x4xf32>
!w = tensor<3x3x5x4xf32>

// Slices of an input gradient are computed where they are needed.
// CHECK-LABEL: @slices_of_an_input_gradient
func.func @slices_of_an_input_gradient(%dy: !dy, %w: !w) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x3xf32>) {
  // CHECK-NEXT: %[[A:.*]] = seg.conv_input_grad %{{.*}} pad_high [1, 1] {seg.precision = "f32"} : {{.*}} -> tensor<1x4x4x2xf32>
  // CHECK-NEXT: %[[B:.*]] = seg.conv_input_grad %{{.*}} pad_high [1, 1] first_channel 2 {seg.precision = "f32"} : {{.*}} -> tensor<1x4x4x3xf32>
  // CHECK-NEXT: return %[[A]], %[[B]]
  %0 = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] {seg.precision = "f32"} : (!dy, !w) -> tensor<1x4x4x5xf32>
  %1 = seg.slice_channels %0 from 0 : tensor<1x4x4x5xf32> -> tensor<1x4x4x2xf32>
  %2 = seg.slice_channels %0 from 2 : tensor<1x4x4x5xf32> -> tensor<1x4x4x3xf32>
  return %1, %2 : tensor<1x4x4x2xf32>, tensor<1x4x4x3xf32>
}

// Not if another op reads it whole, or slices share channels.
// CHECK-LABEL: @slices_and_whole
func.func @slices_and_whole(%dy: !dy, %w: !w) -> (tensor<1x4x4x2xf32>, tensor<5xf32>) {
  // CHECK: seg.slice_channels
  %0 = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!dy, !w) -> tensor<1x4x4x5xf32>
  %1 = seg.slice_channels %0 from 0 : tensor<1x4x4x5xf32> -> tensor<1x4x4x2xf32>
  %2 = seg.channel_sum %0 : tensor<1x4x4x5xf32> -> tensor<5xf32>
  return %1, %2 : tensor<1x4x4x2xf32>, tensor<5xf32>
}
// CHECK-LABEL: @slices_overlap
func.func @slices_overlap(%dy: !dy, %w: !w) -> (tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32>) {
  // CHECK: seg.slice_channels
  // CHECK: seg.slice_channels
  %0 = seg.conv_input_grad %dy, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!dy, !w) -> tensor<1x4x4x5xf32>
  %1 = seg.slice_channels %0 from 0 : tensor<1x4x4x5xf32> -> tensor<1x4x4x3xf32>
  %2 = seg.slice_channels %0 from 2 : tensor<1x4x4x5xf32> -> tensor<1x4x4x3xf32>
  return %1, %2 : tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32>
}

// -----

// Ops without users go.
// CHECK-LABEL: @dead
// CHECK-NEXT: return
func.func @dead(%x: tensor<1x4x4x2xf32>) {
  %0 = seg.softmax %x : tensor<1x4x4x2xf32>
  %1 = seg.channel_sum %0 : tensor<1x4x4x2xf32> -> tensor<2xf32>
  return
}
