// RUN: segc-opt %s --seg-set-batch=batch=8 | FileCheck %s --check-prefixes=CHECK,EIGHT
// RUN: segc-opt %s --seg-set-batch=batch=1 | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: not segc-opt %s --seg-set-batch=batch=0 2>&1 | FileCheck %s --check-prefix=ZERO

// ZERO: error: expects a batch of at least 1, got 0

// The samples of activations, labels and per-sample sums change; parameters,
// states and numbers by class do not.

// CHECK-LABEL: seg.network @tiny
seg.network @tiny format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
// EIGHT: ^bb0(%{{.*}}: tensor<8x8x8x2xf32>):
// ONE: ^bb0(%{{.*}}: tensor<1x8x8x2xf32>):
^bb0(%image: tensor<2x8x8x2xf32>):
  // CHECK: seg.param "w" {{.*}} : tensor<2x2x2x2xf32>
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<2x2x2x2xf32>
  // CHECK: seg.state "mean" {{.*}} : tensor<2xf32>
  %mean = seg.state "mean" 0.0 : tensor<2xf32>
  // EIGHT: seg.conv {{.*}} : (tensor<8x8x8x2xf32>, tensor<2x2x2x2xf32>) -> tensor<8x4x4x2xf32>
  // ONE: seg.conv {{.*}} : (tensor<1x8x8x2xf32>, tensor<2x2x2x2xf32>) -> tensor<1x4x4x2xf32>
  %0 = seg.conv %image, %w strides [2, 2] pad_low [0, 0] pad_high [0, 0] : (tensor<2x8x8x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x4x4x2xf32>
  seg.output %0 : tensor<2x4x4x2xf32>
// CHECK: objective
} objective ["loss", "dice"] {
// EIGHT: ^bb0(%{{.*}}: tensor<8x4x4x2xf32>, %{{.*}}: tensor<8x4x4xi32>):
^bb0(%logits: tensor<2x4x4x2xf32>, %labels: tensor<2x4x4xi32>):
  // EIGHT: seg.dice {{.*}} -> (tensor<f32>, tensor<2xf32>, tensor<8x3x2xf32>)
  // ONE: seg.dice {{.*}} -> (tensor<f32>, tensor<2xf32>, tensor<1x3x2xf32>)
  %loss, %dice, %sums = seg.dice %logits, %labels smooth 1.0 : (tensor<2x4x4x2xf32>, tensor<2x4x4xi32>) -> (tensor<f32>, tensor<2xf32>, tensor<2x3x2xf32>)
  seg.output %loss, %dice : tensor<f32>, tensor<2xf32>
}
