// RUN: segc-opt %s --seg-import-network --split-input-file --verify-diagnostics

// A module without a network has no entries.
// expected-error @below {{expects one seg.network, got 0}}
module {}

// -----

// The optimizers that there are.
// expected-error @below {{expects an optimizer of kind adam, adamw, radam, rmsprop or sgd, got 'adagrad'}}
seg.network @tiny format 1 classes 2 optimizer {kind = "adagrad"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x4x4x2xf32>):
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<1x1x2x2xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x4x4x2xf32>
  seg.output %0 : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x2xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
