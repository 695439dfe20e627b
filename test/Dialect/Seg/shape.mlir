// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// CHECK-LABEL: @shape
func.func @shape(%a: tensor<2x6x6x3xf32>, %b: tensor<2x6x6x5xf32>) -> (tensor<2x4x4x2xf32>, tensor<2x8x8x3xf32>) {
  // CHECK: seg.concat %{{.*}}, %{{.*}} : (tensor<2x6x6x3xf32>, tensor<2x6x6x5xf32>) -> tensor<2x6x6x8xf32>
  %0 = seg.concat %a, %b : (tensor<2x6x6x3xf32>, tensor<2x6x6x5xf32>) -> tensor<2x6x6x8xf32>
  // CHECK: seg.slice_channels %{{.*}} from 3 : tensor<2x6x6x8xf32> -> tensor<2x6x6x2xf32>
  %1 = seg.slice_channels %0 from 3 : tensor<2x6x6x8xf32> -> tensor<2x6x6x2xf32>
  // CHECK: seg.crop %{{.*}} at [2, 0] : tensor<2x6x6x2xf32> -> tensor<2x4x4x2xf32>
  %2 = seg.crop %1 at [2, 0] : tensor<2x6x6x2xf32> -> tensor<2x4x4x2xf32>
  // CHECK: seg.pad %{{.*}} low [1, 0] : tensor<2x6x6x3xf32> -> tensor<2x8x8x3xf32>
  %3 = seg.pad %a low [1, 0] : tensor<2x6x6x3xf32> -> tensor<2x8x8x3xf32>
  return %2, %3 : tensor<2x4x4x2xf32>, tensor<2x8x8x3xf32>
}

// CHECK-LABEL: @downsample_labels
func.func @downsample_labels(%x: tensor<2x8x6xi32>) -> tensor<2x2x6xi32> {
  // CHECK: seg.downsample_labels %{{.*}} : tensor<2x8x6xi32> -> tensor<2x2x6xi32>
  %0 = seg.downsample_labels %x : tensor<2x8x6xi32> -> tensor<2x2x6xi32>
  return %0 : tensor<2x2x6xi32>
}

// CHECK-LABEL: @resize
func.func @resize(%x: tensor<1x4x4x4x2xf32>) -> tensor<1x4x4x4x2xf32> {
  // CHECK: seg.resize nearest %{{.*}} : tensor<1x4x4x4x2xf32> -> tensor<1x8x8x8x2xf32>
  %0 = seg.resize nearest %x : tensor<1x4x4x4x2xf32> -> tensor<1x8x8x8x2xf32>
  // CHECK: seg.resize cubic %{{.*}} : tensor<1x8x8x8x2xf32> -> tensor<1x5x5x5x2xf32>
  %1 = seg.resize cubic %0 : tensor<1x8x8x8x2xf32> -> tensor<1x5x5x5x2xf32>
  // CHECK: seg.resize_grad linear %{{.*}} : tensor<1x5x5x5x2xf32> -> tensor<1x4x4x4x2xf32>
  %2 = seg.resize_grad linear %1 : tensor<1x5x5x5x2xf32> -> tensor<1x4x4x4x2xf32>
  return %2 : tensor<1x4x4x4x2xf32>
}
