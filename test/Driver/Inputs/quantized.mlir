seg.network @quantized format 1 classes 32 optimizer {kind = "sgd"} pipeline {} forward {
^bb0(%image: tensor<1x13x27x16xf32>):
  %w = seg.param "w" glorot_uniform 0.0 decay : tensor<1x1x16x32xf32>
  %y = seg.conv %image, %w strides [1, 1] pad_low [0, 0] pad_high [0, 0] {seg.input_scale = 0.0205 : f64, seg.quantized_error = 0.01 : f64} : (tensor<1x13x27x16xf32>, tensor<1x1x16x32xf32>) -> tensor<1x13x27x32xf32>
  seg.output %y : tensor<1x13x27x32xf32>
} objective ["loss"] {
^bb0(%logits: tensor<1x13x27x32xf32>, %labels: tensor<1x13x27xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<1x13x27x32xf32>, tensor<1x13x27xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
