// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

!z = tensor<2x4x4x3xf32>
!t = tensor<2x4x4xi32>

// CHECK-LABEL: @dice
func.func @dice(%z: !z, %t: !t) -> (!z, !z) {
  // CHECK: seg.dice %{{.*}}, %{{.*}} squared batch_reduce exclude_background sum_classes smooth 1.000000e+00 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  %loss, %each, %sums = seg.dice %z, %t squared batch_reduce exclude_background sum_classes smooth 1.0 : (!z, !t) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  // CHECK: seg.dice_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} squared batch_reduce exclude_background sum_classes smooth 1.000000e+00 :
  %0 = seg.dice_grad %z, %t, %sums, %loss squared batch_reduce exclude_background sum_classes smooth 1.0 : (!z, !t, tensor<2x3x3xf32>, tensor<f32>) -> !z
  // CHECK: seg.dice %{{.*}}, %{{.*}} smooth 5.000000e-01 :
  %loss2, %each2, %sums2 = seg.dice %z, %t smooth 0.5 : (!z, !t) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  // CHECK: seg.dice_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} smooth 5.000000e-01 :
  %1 = seg.dice_grad %z, %t, %sums2, %loss2 smooth 0.5 : (!z, !t, tensor<2x3x3xf32>, tensor<f32>) -> !z
  return %0, %1 : !z, !z
}

// CHECK-LABEL: @ranks
func.func @ranks(%sums: tensor<2x3x3xf32>, %weight: tensor<f32>, %mean: tensor<f32>) -> tensor<f32> {
  // CHECK: seg.dice_from_sums %{{.*}} exclude_background sum_classes smooth 1.000000e+00 : (tensor<2x3x3xf32>) -> (tensor<f32>, tensor<3xf32>)
  %loss, %each = seg.dice_from_sums %sums exclude_background sum_classes smooth 1.0 : (tensor<2x3x3xf32>) -> (tensor<f32>, tensor<3xf32>)
  // CHECK: seg.weighted_share %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  %0 = seg.weighted_share %loss, %weight, %mean : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: @masked
func.func @masked(%z: !z, %t: !t) -> !z {
  // CHECK: seg.dice %{{.*}}, %{{.*}} smooth 1.000000e+00 masked :
  %loss, %each, %sums = seg.dice %z, %t smooth 1.0 masked : (!z, !t) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  // CHECK: seg.dice_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} smooth 1.000000e+00 masked :
  %0 = seg.dice_grad %z, %t, %sums, %loss smooth 1.0 masked : (!z, !t, tensor<2x3x3xf32>, tensor<f32>) -> !z
  return %0 : !z
}

// CHECK-LABEL: @weighted_cross_entropy
func.func @weighted_cross_entropy(%z: !z, %t: !t) -> !z {
  // CHECK: seg.weighted_cross_entropy %{{.*}}, %{{.*}} weights [1.000000e+00, 5.000000e-01, 0.000000e+00] focal_gamma 2.000000e+00 : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<f32>)
  %loss, %total = seg.weighted_cross_entropy %z, %t weights [1.0, 0.5, 0.0] focal_gamma 2.0 : (!z, !t) -> (tensor<f32>, tensor<f32>)
  // CHECK: seg.weighted_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} weights [1.000000e+00, 5.000000e-01, 0.000000e+00] :
  %0 = seg.weighted_cross_entropy_grad %z, %t, %total, %loss weights [1.0, 0.5, 0.0] : (!z, !t, tensor<f32>, tensor<f32>) -> !z
  return %0 : !z
}

// CHECK-LABEL: @cross_entropy
func.func @cross_entropy(%z: !z, %t: !t) -> (!z, !z) {
  // CHECK: seg.cross_entropy %{{.*}}, %{{.*}} : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> tensor<f32>
  %0 = seg.cross_entropy %z, %t : (!z, !t) -> tensor<f32>
  // CHECK: seg.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>, tensor<f32>) -> tensor<2x4x4x3xf32>
  %1 = seg.cross_entropy_grad %z, %t, %0 : (!z, !t, tensor<f32>) -> !z
  // CHECK: seg.cross_entropy %{{.*}}, %{{.*}} focal_gamma 2.000000e+00 :
  %2 = seg.cross_entropy %z, %t focal_gamma 2.0 : (!z, !t) -> tensor<f32>
  // CHECK: seg.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} focal_gamma 2.000000e+00 :
  %3 = seg.cross_entropy_grad %z, %t, %2 focal_gamma 2.0 : (!z, !t, tensor<f32>) -> !z
  return %1, %3 : !z, !z
}

// CHECK-LABEL: @regions
func.func @regions(%z: !z, %t: !t) -> (!z, !z) {
  // CHECK: seg.dice %{{.*}}, %{{.*}} smooth 1.000000e+00 regions {{\[\[}}1, 2], [2], [3]] ignored 4 :
  %loss, %each, %sums = seg.dice %z, %t smooth 1.0 regions [[1, 2], [2], [3]] ignored 4 : (!z, !t) -> (tensor<f32>, tensor<3xf32>, tensor<2x3x3xf32>)
  // CHECK: seg.dice_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} smooth 1.000000e+00 regions {{\[\[}}1, 2], [2], [3]] ignored 4 :
  %0 = seg.dice_grad %z, %t, %sums, %loss smooth 1.0 regions [[1, 2], [2], [3]] ignored 4 : (!z, !t, tensor<2x3x3xf32>, tensor<f32>) -> !z
  // CHECK: seg.binary_cross_entropy %{{.*}}, %{{.*}} regions {{\[\[}}1, 2], [2], [3]] ignored 4 sum_classes :
  %entropy, %voxels = seg.binary_cross_entropy %z, %t regions [[1, 2], [2], [3]] ignored 4 sum_classes : (!z, !t) -> (tensor<f32>, tensor<f32>)
  // CHECK: seg.binary_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} regions {{\[\[}}1, 2], [2], [3]] :
  %1 = seg.binary_cross_entropy_grad %z, %t, %voxels, %entropy regions [[1, 2], [2], [3]] : (!z, !t, tensor<f32>, tensor<f32>) -> !z
  return %0, %1 : !z, !z
}

// CHECK-LABEL: @top_k
func.func @top_k(%z: !z, %t: !t) -> !z {
  // CHECK: seg.voxel_cross_entropy %{{.*}}, %{{.*}} masked : (tensor<2x4x4x3xf32>, tensor<2x4x4xi32>) -> tensor<2x4x4x1xf32>
  %losses = seg.voxel_cross_entropy %z, %t masked : (!z, !t) -> tensor<2x4x4x1xf32>
  // CHECK: seg.top_k_mean %{{.*}} percent 1.000000e+01 : (tensor<2x4x4x1xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  %mean, %threshold, %weight, %tie = seg.top_k_mean %losses percent 10.0 : (tensor<2x4x4x1xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  // CHECK: seg.top_k_mean_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x4x4x1xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<2x4x4x1xf32>
  %grad = seg.top_k_mean_grad %losses, %threshold, %weight, %tie, %mean : (tensor<2x4x4x1xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<2x4x4x1xf32>
  // CHECK: seg.voxel_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} masked :
  %0 = seg.voxel_cross_entropy_grad %z, %t, %grad masked : (!z, !t, tensor<2x4x4x1xf32>) -> !z
  return %0 : !z
}
