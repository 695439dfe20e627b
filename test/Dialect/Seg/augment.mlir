// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// CHECK-LABEL: @volumes
func.func @volumes(%crop: tensor<2x9x9x8x3xf32>, %labels: tensor<2x9x9x8xi32>, %maps: tensor<2x24xf32>, %intensities: tensor<2x3x24xf32>, %keys: tensor<2x4xi32>) {
  // CHECK: seg.sample_patch %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x9x9x8x3xf32>, tensor<2x24xf32>, tensor<2x3x24xf32>, tensor<2x4xi32>) -> tensor<2x6x7x5x3xf32>
  %image = seg.sample_patch %crop, %maps, %intensities, %keys : (tensor<2x9x9x8x3xf32>, tensor<2x24xf32>, tensor<2x3x24xf32>, tensor<2x4xi32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.sample_labels %{{.*}}, %{{.*}} : (tensor<2x9x9x8xi32>, tensor<2x24xf32>) -> (tensor<2x6x7x5xi32>, tensor<2x6x7x5xi32>)
  %label, %unclamped = seg.sample_labels %labels, %maps : (tensor<2x9x9x8xi32>, tensor<2x24xf32>) -> (tensor<2x6x7x5xi32>, tensor<2x6x7x5xi32>)
  // CHECK: seg.blur_axis 0 %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x6x7x5x3xf32>
  %blurred = seg.blur_axis 0 %image, %intensities : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.channel_statistics contrast %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  %statistics = seg.channel_statistics contrast %blurred, %intensities : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  // CHECK: seg.adjust_contrast %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  %adjusted = seg.adjust_contrast %blurred, %intensities, %statistics : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.lower_resolution %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x6x7x5x3xf32>
  %reduced = seg.lower_resolution %adjusted, %intensities : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.channel_statistics inverted_gamma %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  %before = seg.channel_statistics inverted_gamma %reduced, %intensities : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  // CHECK: seg.adjust_gamma inverted_gamma %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  %raised = seg.adjust_gamma inverted_gamma %reduced, %intensities, %before : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.channel_statistics gamma %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  %after = seg.channel_statistics gamma %raised, %intensities : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>) -> tensor<2x3x4xf32>
  // CHECK: seg.retain_statistics inverted_gamma %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  %retained = seg.retain_statistics inverted_gamma %raised, %intensities, %before, %after : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x6x7x5x3xf32>
  // CHECK: seg.retain_statistics gamma %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x6x7x5xi32>) -> tensor<2x6x7x5x3xf32>
  %masked = seg.retain_statistics gamma %raised, %intensities, %before, %after mask %unclamped : (tensor<2x6x7x5x3xf32>, tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x6x7x5xi32>) -> tensor<2x6x7x5x3xf32>
  return
}

// CHECK-LABEL: @planes
func.func @planes(%crop: tensor<2x1x9x8x1xf32>, %labels: tensor<2x1x9x8xi32>, %maps: tensor<2x24xf32>, %intensities: tensor<2x1x24xf32>, %keys: tensor<2x4xi32>) {
  // CHECK: seg.sample_patch %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x1x9x8x1xf32>, tensor<2x24xf32>, tensor<2x1x24xf32>, tensor<2x4xi32>) -> tensor<2x7x5x1xf32>
  %image = seg.sample_patch %crop, %maps, %intensities, %keys : (tensor<2x1x9x8x1xf32>, tensor<2x24xf32>, tensor<2x1x24xf32>, tensor<2x4xi32>) -> tensor<2x7x5x1xf32>
  // CHECK: seg.sample_labels %{{.*}}, %{{.*}} : (tensor<2x1x9x8xi32>, tensor<2x24xf32>) -> (tensor<2x7x5xi32>, tensor<2x7x5xi32>)
  %label, %unclamped = seg.sample_labels %labels, %maps : (tensor<2x1x9x8xi32>, tensor<2x24xf32>) -> (tensor<2x7x5xi32>, tensor<2x7x5xi32>)
  // CHECK: seg.blur_axis 1 %{{.*}}, %{{.*}} : (tensor<2x7x5x1xf32>, tensor<2x1x24xf32>) -> tensor<2x7x5x1xf32>
  %blurred = seg.blur_axis 1 %image, %intensities : (tensor<2x7x5x1xf32>, tensor<2x1x24xf32>) -> tensor<2x7x5x1xf32>
  return
}
