// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// CHECK-LABEL: @max_pool
func.func @max_pool(%x: tensor<1x9x8x16xf32>, %dy: tensor<1x4x4x16xf32>) -> (tensor<1x4x4x16xf32>, tensor<1x9x8x16xf32>) {
  // CHECK: seg.max_pool %{{.*}} window [2, 2] strides [2, 2] : tensor<1x9x8x16xf32> -> tensor<1x4x4x16xf32>
  %y = seg.max_pool %x window [2, 2] strides [2, 2] : tensor<1x9x8x16xf32> -> tensor<1x4x4x16xf32>
  // CHECK: seg.max_pool_grad %{{.*}}, %{{.*}} window [2, 2] strides [2, 2] : (tensor<1x9x8x16xf32>, tensor<1x4x4x16xf32>) -> tensor<1x9x8x16xf32>
  %dx = seg.max_pool_grad %x, %dy window [2, 2] strides [2, 2] : (tensor<1x9x8x16xf32>, tensor<1x4x4x16xf32>) -> tensor<1x9x8x16xf32>
  return %y, %dx : tensor<1x4x4x16xf32>, tensor<1x9x8x16xf32>
}

// CHECK-LABEL: @avg_pool
func.func @avg_pool(%x: tensor<1x9x8x16xf32>, %dy: tensor<1x5x4x16xf32>) -> (tensor<1x4x4x16xf32>, tensor<1x9x8x16xf32>) {
  // CHECK: seg.avg_pool %{{.*}} window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0] : tensor<1x9x8x16xf32> -> tensor<1x4x4x16xf32>
  %y = seg.avg_pool %x window [2, 2] strides [2, 2] pad_low [0, 0] pad_high [0, 0] : tensor<1x9x8x16xf32> -> tensor<1x4x4x16xf32>
  // CHECK: seg.avg_pool_grad %{{.*}} window [3, 3] strides [2, 2] pad_low [1, 1] pad_high [1, 0] count_include_pad : tensor<1x5x4x16xf32> -> tensor<1x9x8x16xf32>
  %dx = seg.avg_pool_grad %dy window [3, 3] strides [2, 2] pad_low [1, 1] pad_high [1, 0] count_include_pad : tensor<1x5x4x16xf32> -> tensor<1x9x8x16xf32>
  return %y, %dx : tensor<1x4x4x16xf32>, tensor<1x9x8x16xf32>
}
