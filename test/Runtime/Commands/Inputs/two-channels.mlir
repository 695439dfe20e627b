// Two channels in, two classes out: the difference of the channels decides.
seg.network @two_channels format 1 classes 2 optimizer {kind = "adam", learning_rate = 5.0e-2} pipeline {augment = ["flip_x", "flip_y"], class_names = ["background", "brighter"], input_shape = [8, 8, 8], kind = "decathlon", orientation = "RAS"} forward {
^bb0(%image: tensor<2x8x8x8x2xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 : tensor<1x1x1x2x2xf32>
  %b = seg.param "conv.bias" constant 0.0 : tensor<2xf32>
  %0 = seg.conv %image, %w bias %b strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : (tensor<2x8x8x8x2xf32>, tensor<1x1x1x2x2xf32>, tensor<2xf32>) -> tensor<2x8x8x8x2xf32>
  seg.output %0 : tensor<2x8x8x8x2xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x8x8x8x2xf32>, %labels: tensor<2x8x8x8xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x8x8x8x2xf32>, tensor<2x8x8x8xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
