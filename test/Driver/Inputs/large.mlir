seg.network @large format 1 classes 64 optimizer {kind = "sgd"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x128x128x64xf32>):
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<3x3x64x64xf32>
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x128x128x64xf32>, tensor<3x3x64x64xf32>) -> tensor<1x128x128x64xf32>
  seg.output %0 : tensor<1x128x128x64xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x128x128x64xf32>, %labels: tensor<1x128x128xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x128x128x64xf32>, tensor<1x128x128xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
