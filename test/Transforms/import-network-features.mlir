// RUN: segc-opt %s --seg-import-network="training=false features=true" --split-input-file --verify-diagnostics | FileCheck %s

// predict yields what the head reads, and the layout names the head. Its
// parameters stay in the layout.
// CHECK: module attributes {seg.layout = {
// CHECK-SAME: head = {bias = "head.bias", weight = "head.weight"}
// CHECK-SAME: name = "head.weight"
// CHECK-LABEL: func.func @predict(
// CHECK-SAME: -> (tensor<1x4x4x8xf32> {seg.name = "features", seg.offset = 0 : i64, seg.region = "outputs"})
// CHECK: %[[FEATURES:.*]] = seg.relu
// CHECK-NOT: seg.softmax
// CHECK: return %[[FEATURES]]
seg.network @head format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x1xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x8xf32>
  %v = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<1x1x8x3xf32>
  %b = seg.param "head.bias" constant 0.0 : tensor<3xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x4x4x1xf32>, tensor<3x3x1x8xf32>) -> tensor<1x4x4x8xf32>
  %1 = seg.relu %0 : tensor<1x4x4x8xf32>
  %2 = seg.conv %1, %v bias %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x4x4x8xf32>, tensor<1x1x8x3xf32>, tensor<3xf32>) -> tensor<1x4x4x3xf32>
  seg.output %2 : tensor<1x4x4x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x3xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x3xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}

// -----

// A convolution of 3x3 mixes the features of neighbours.
// expected-error @below {{'seg.network' op expects logits from a convolution of 1x1 with its own weights, whose input are the features}}
seg.network @wide format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x1xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x3xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x4x4x1xf32>, tensor<3x3x1x3xf32>) -> tensor<1x4x4x3xf32>
  seg.output %0 : tensor<1x4x4x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x3xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x3xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
