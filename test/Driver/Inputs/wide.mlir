seg.network @wide format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x8x8x1xf32>):
  %w0 = seg.param "first.weight" glorot_uniform 0.0 decay : tensor<1x1x1x2048xf32>
  %w1 = seg.param "wide.weight" glorot_uniform 0.0 decay : tensor<1x1x2048x2048xf32>
  %w2 = seg.param "last.weight" glorot_uniform 0.0 decay : tensor<1x1x2048x3xf32>
  %0 = seg.conv %image, %w0 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x1xf32>, tensor<1x1x1x2048xf32>) -> tensor<1x8x8x2048xf32>
  %1 = seg.conv %0, %w1 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x2048xf32>, tensor<1x1x2048x2048xf32>) -> tensor<1x8x8x2048xf32>
  %2 = seg.conv %1, %w2 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x8x2048xf32>, tensor<1x1x2048x3xf32>) -> tensor<1x8x8x3xf32>
  seg.output %2 : tensor<1x8x8x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x8x8x3xf32>, %labels: tensor<1x8x8xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x8x8x3xf32>, tensor<1x8x8xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
