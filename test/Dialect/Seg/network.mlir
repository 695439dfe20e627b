// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// A network with everything that one may hold.

// CHECK-LABEL: seg.network @tiny format 1 classes 2
// CHECK-SAME: optimizer {kind = "adam"} pipeline {kind = "isbi"}
// CHECK-SAME: forward {
seg.network @tiny format 1 classes 2 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<2x8x8x1xf32>):
  // CHECK: seg.param "conv.weight" glorot_uniform 0.000000e+00 decay : tensor<3x3x1x2xf32>
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x2xf32>
  // CHECK: seg.param "norm.gamma" constant 1.000000e+00 : tensor<2xf32>
  %gamma = seg.param "norm.gamma" constant 1.0 : tensor<2xf32>
  %beta = seg.param "norm.beta" constant 0.0 : tensor<2xf32>
  // CHECK: seg.state "norm.running_mean" 0.000000e+00 : tensor<2xf32>
  %mean = seg.state "norm.running_mean" 0.0 : tensor<2xf32>
  %variance = seg.state "norm.running_variance" 1.0 : tensor<2xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x8x8x1xf32>, tensor<3x3x1x2xf32>) -> tensor<2x8x8x2xf32>
  %1 = seg.batch_norm %0, %gamma, %beta running %mean, %variance epsilon 1.0e-3 momentum 0.75 : (tensor<2x8x8x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x8x8x2xf32>
  // CHECK: seg.network_dropout %{{.*}} rate 5.000000e-01 : tensor<2x8x8x2xf32>
  %2 = seg.network_dropout %1 rate 0.5 : tensor<2x8x8x2xf32>
  // CHECK: seg.output %{{.*}} : tensor<2x8x8x2xf32>
  seg.output %2 : tensor<2x8x8x2xf32>
// CHECK: } objective ["loss", "dice"] {
} objective ["loss", "dice"] {
^bb0(%logits: tensor<2x8x8x2xf32>, %labels: tensor<2x8x8xi32>):
  %loss, %dice, %sums = seg.dice %logits, %labels smooth 1.0 : (tensor<2x8x8x2xf32>, tensor<2x8x8xi32>) -> (tensor<f32>, tensor<2xf32>, tensor<2x3x2xf32>)
  seg.output %loss, %dice : tensor<f32>, tensor<2xf32>
}

// CHECK-LABEL: @fusion
func.func @fusion(%x: tensor<2x8x8x2xf32>, %y: tensor<2x8x8x2xf32>, %f: tensor<1x1x2x2xf32>) -> tensor<2x8x8x2xf32> {
  // CHECK: seg.fusion (%[[A:.*]] = %{{.*}} : tensor<2x8x8x2xf32>, %[[B:.*]] = %{{.*}} : tensor<2x8x8x2xf32>) -> (tensor<2x8x8x2xf32>) attributes {offsets = array<i64: 64>, strategy = #seg.strategy<loops, depth = 3, fast = true, slow = false, tile = [1, 8, -2], type = bf16, whole, temp_bytes = 64, sums_bytes = 128, prepared>, temp_offset = 128 : i64} {
  %0 = seg.fusion (%a = %x : tensor<2x8x8x2xf32>, %b = %y : tensor<2x8x8x2xf32>) -> (tensor<2x8x8x2xf32>)
      attributes {offsets = array<i64: 64>, strategy = #seg.strategy<loops, depth = 3, fast = true, slow = false, tile = [1, 8, -2], type = bf16, whole, temp_bytes = 64, sums_bytes = 128, prepared>, temp_offset = 128 : i64} {
    // CHECK: seg.add %[[A]], %[[B]] :
    %1 = seg.add %a, %b : (tensor<2x8x8x2xf32>, tensor<2x8x8x2xf32>) -> tensor<2x8x8x2xf32>
    %2 = seg.softmax %1 : tensor<2x8x8x2xf32>
    // CHECK: seg.yield %{{.*}} : tensor<2x8x8x2xf32>
    seg.yield %2 : tensor<2x8x8x2xf32>
  }
  // Statistics of what the root computes.
  // CHECK: seg.conv
  // CHECK: seg.norm_stats
  %4:2 = seg.fusion (%a = %x : tensor<2x8x8x2xf32>, %w = %f : tensor<1x1x2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
    %5 = seg.conv %a, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x8x8x2xf32>, tensor<1x1x2x2xf32>) -> tensor<2x8x8x2xf32>
    %mean, %rstd = seg.norm_stats instance %5 epsilon 1.0e-3 : (tensor<2x8x8x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
    seg.yield %mean, %rstd : tensor<2x2xf32>, tensor<2x2xf32>
  }
  // Nothing in, nothing out.
  // CHECK: seg.fusion () -> () {
  seg.fusion () -> () {
    seg.yield
  }
  return %0 : tensor<2x8x8x2xf32>
}

// Classes that overlap.
// CHECK-LABEL: seg.network @regions format 1 classes 1 sigmoid optimizer
seg.network @regions format 1 classes 1 sigmoid optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x1xf32>):
  seg.output %image : tensor<1x4x4x1xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x1xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.param "loss" constant 0.0 : tensor<f32>
  seg.output %loss : tensor<f32>
}
