// A sum of two images before a convolution, a sigmoid and a convolution behind.
seg.network @policy format 1 classes 2 optimizer {kind = "sgd"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x8x8x1xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x8xf32>
  %c = seg.param "scale.bias" constant 0.0 : tensor<1xf32>
  %x = seg.add %image, %c : (tensor<1x8x8x1xf32>, tensor<1xf32>) -> tensor<1x8x8x1xf32>
  %0 = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x1xf32>, tensor<3x3x1x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = seg.sigmoid %0 : tensor<1x8x8x8xf32>
  %w1 = seg.param "next.weight" glorot_uniform 0.0 decay : tensor<3x3x8x8xf32>
  %2 = seg.conv %0, %w1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x8xf32>, tensor<3x3x8x8xf32>) -> tensor<1x8x8x8xf32>
  %3 = seg.add %1, %2 : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %w2 = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<3x3x8x2xf32>
  %4 = seg.conv %3, %w2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x8xf32>, tensor<3x3x8x2xf32>) -> tensor<1x8x8x2xf32>
  seg.output %4 : tensor<1x8x8x2xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x8x8x2xf32>, %labels: tensor<1x8x8xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x8x8x2xf32>, tensor<1x8x8xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
