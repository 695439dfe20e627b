// RUN: segc-opt %s --seg-import-network=training=false | FileCheck %s
// RUN: segc-opt %s --seg-import-network=training=false | segc-opt --pass-pipeline='builtin.module(func.func(seg-assign-precision{precision=bf16}))' | FileCheck %s --check-prefix=NARROW

// Classes that overlap: predict yields the sigmoid of each logit, and the layout
// says so. In 16 bits it stays of f32, as a softmax does.
// CHECK: module attributes {seg.layout = {activation = "sigmoid", classes = 3 : i64
// CHECK-LABEL: func.func @predict(
// CHECK: %[[LOGITS:.*]] = seg.conv
// CHECK-NEXT: %[[P:.*]] = seg.sigmoid %[[LOGITS]] {seg.precision = "f32"}
// CHECK-NEXT: return %[[P]]
// NARROW: seg.conv {{.*}}seg.precision = "bf16"
// NARROW: seg.sigmoid {{.*}}seg.precision = "f32"
seg.network @regions format 1 classes 3 sigmoid optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x8xf32>):
  %v = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<1x1x8x3xf32>
  %0 = seg.conv %image, %v strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x4x4x8xf32>, tensor<1x1x8x3xf32>) -> tensor<1x4x4x3xf32>
  seg.output %0 : tensor<1x4x4x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x3xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x3xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
