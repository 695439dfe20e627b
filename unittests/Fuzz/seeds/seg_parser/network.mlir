seg.network @tiny format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<2x8x8x1xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x1x3xf32>
  %b = seg.param "conv.bias" constant 0.0 : tensor<3xf32>
  %gamma = seg.param "norm.gamma" constant 1.0 : tensor<3xf32>
  %beta = seg.param "norm.beta" constant 0.0 : tensor<3xf32>
  %mean = seg.state "norm.running_mean" 0.0 : tensor<3xf32>
  %variance = seg.state "norm.running_variance" 1.0 : tensor<3xf32>
  %0 = seg.conv %image, %w bias %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x8x8x1xf32>, tensor<3x3x1x3xf32>, tensor<3xf32>) -> tensor<2x8x8x3xf32>
  %1 = seg.batch_norm %0, %gamma, %beta running %mean, %variance epsilon 1.0e-3 momentum 0.75 : (tensor<2x8x8x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x8x8x3xf32>
  %2 = seg.relu %1 : tensor<2x8x8x3xf32>
  seg.output %2 : tensor<2x8x8x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x8x8x3xf32>, %labels: tensor<2x8x8xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x8x8x3xf32>, tensor<2x8x8xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
