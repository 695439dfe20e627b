// RUN: segc-opt %s --seg-import-network '--seg-add-augment-entry=rules=v2' | FileCheck %s
// RUN: segc-opt %s --seg-import-network '--seg-add-augment-entry=rules=mlperf' | FileCheck %s --check-prefix=MLPERF
// RUN: not segc-opt %s --seg-import-network '--seg-add-augment-entry=rules=v3' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not segc-opt %s '--seg-import-network=training=false' --seg-add-augment-entry 2>&1 | FileCheck %s --check-prefix=INFERENCE

// Training has an entry that makes image and labels of a step of crops, and the
// layout says by which rules. Crops of v2 are larger than the patch.
// CHECK: module attributes {seg.layout = {activation = "softmax", augmentation = "v2"
// CHECK-LABEL: func.func @augment(
// CHECK-SAME: %[[CROP:[a-z0-9]+]]: tensor<2x12x12x12x2xf32> {seg.name = "crop", seg.offset = 0 : i64, seg.region = "inputs"}
// CHECK-SAME: %[[LABELS:[a-z0-9]+]]: tensor<2x12x12x12xi32> {seg.name = "crop_labels"
// CHECK-SAME: %[[MAPS:[a-z0-9]+]]: tensor<2x24xf32> {seg.name = "maps"
// CHECK-SAME: %[[DRAWN:[a-z0-9]+]]: tensor<2x2x24xf32> {seg.name = "intensities"
// CHECK-SAME: %[[KEYS:[a-z0-9]+]]: tensor<2x4xi32> {seg.name = "noise_keys"
// CHECK-SAME: -> (tensor<2x8x8x8x2xf32> {seg.name = "image"{{.*}}seg.region = "outputs"}, tensor<2x8x8x8xi32> {seg.name = "label"
// CHECK: %[[LABEL:.*]], %[[UNCLAMPED:.*]] = seg.sample_labels %[[LABELS]], %[[MAPS]]
// CHECK: %[[IMAGE:.*]] = seg.sample_patch %[[CROP]], %[[MAPS]], %[[DRAWN]], %[[KEYS]]
// CHECK: seg.blur_axis 0 %[[IMAGE]]
// CHECK: seg.blur_axis 1
// CHECK: %[[BLURRED:.*]] = seg.blur_axis 2
// CHECK: %[[KNOWN:.*]] = seg.channel_statistics contrast %[[BLURRED]]
// CHECK: %[[CONTRAST:.*]] = seg.adjust_contrast %[[BLURRED]], %[[DRAWN]], %[[KNOWN]]
// CHECK: %[[REDUCED:.*]] = seg.lower_resolution %[[CONTRAST]]
// CHECK: %[[BEFORE:.*]] = seg.channel_statistics inverted_gamma %[[REDUCED]]
// CHECK: %[[RAISED:.*]] = seg.adjust_gamma inverted_gamma %[[REDUCED]], %[[DRAWN]], %[[BEFORE]]
// CHECK: %[[AFTER:.*]] = seg.channel_statistics inverted_gamma %[[RAISED]]
// CHECK: seg.retain_statistics inverted_gamma %[[RAISED]], %[[DRAWN]], %[[BEFORE]], %[[AFTER]] :
// CHECK: seg.adjust_gamma gamma
// CHECK: %[[LAST:.*]] = seg.retain_statistics gamma {{.*}} mask %[[UNCLAMPED]]
// CHECK: return %[[LAST]], %[[LABEL]]

// MLPERF: augmentation = "mlperf"
// MLPERF-LABEL: func.func @augment(
// MLPERF-SAME: tensor<2x8x8x8x2xf32> {seg.name = "crop"
// MLPERF: seg.sample_patch
// MLPERF-NEXT: seg.channel_statistics contrast
// MLPERF-NEXT: seg.adjust_contrast
// MLPERF-NEXT: return

// UNKNOWN: expects an augmentation by the rules example, v2, mlperf, got v3
// INFERENCE: expects the entry 'grad_step' of training and seg.layout; run seg-import-network first
seg.network @volumes format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<2x8x8x8x2xf32>):
  %v = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<1x1x1x2x3xf32>
  %0 = seg.conv %image, %v strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x8x8x8x2xf32>, tensor<1x1x1x2x3xf32>) -> tensor<2x8x8x8x3xf32>
  seg.output %0 : tensor<2x8x8x8x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x8x8x8x3xf32>, %labels: tensor<2x8x8x8xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x8x8x8x3xf32>, tensor<2x8x8x8xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
