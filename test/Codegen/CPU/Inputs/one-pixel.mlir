seg.network @one_pixel format 1 classes 2 optimizer {kind = "sgd"} pipeline {} forward {
^bb0(%image: tensor<1x4x4x1xf32>):
  %w0 = seg.param "a.weight" glorot_uniform 0.0 decay : tensor<3x3x1x122xf32>
  %0 = seg.conv %image, %w0 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x4x4x1xf32>, tensor<3x3x1x122xf32>) -> tensor<1x4x4x122xf32>
  %1 = seg.max_pool %0 window [4, 4] strides [4, 4] : tensor<1x4x4x122xf32> -> tensor<1x1x1x122xf32>
  %w1 = seg.param "b.weight" glorot_uniform 0.0 decay : tensor<1x1x122x8xf32>
  %2 = seg.conv %1, %w1 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x1x1x122xf32>, tensor<1x1x122x8xf32>) -> tensor<1x1x1x8xf32>
  %w2 = seg.param "c.weight" glorot_uniform 0.0 decay : tensor<4x4x8x2xf32>
  %3 = seg.conv_transpose %2, %w2 strides [4, 4] pad_low [0, 0] pad_high [0, 0] : (tensor<1x1x1x8xf32>, tensor<4x4x8x2xf32>) -> tensor<1x4x4x2xf32>
  seg.output %3 : tensor<1x4x4x2xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x4x4x2xf32>, %labels: tensor<1x4x4xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x4x4x2xf32>, tensor<1x4x4xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
