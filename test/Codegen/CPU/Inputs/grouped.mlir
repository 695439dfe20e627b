// A residual network of depthwise, grouped and dilated convolutions.
seg.network @grouped format 1 classes 2 optimizer {kind = "sgd", learning_rate = 1.0e-01 : f64, momentum = 9.0e-01 : f64} pipeline {} forward {
  ^bb0(%image: tensor<2x12x14x1xf32>):
    %w0 = seg.param "stem.weight" glorot_uniform 0.0 decay : tensor<3x3x1x16xf32>
    %b0 = seg.param "stem.bias" constant 0.0 : tensor<16xf32>
    %x0 = seg.conv %image, %w0 bias %b0 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x12x14x1xf32>, tensor<3x3x1x16xf32>, tensor<16xf32>) -> tensor<2x12x14x16xf32>
    %x1 = seg.relu %x0 : tensor<2x12x14x16xf32>
    %w2 = seg.param "depthwise.weight" glorot_uniform 0.0 decay : tensor<3x3x1x16xf32>
    %b2 = seg.param "depthwise.bias" constant 0.0 : tensor<16xf32>
    %x2 = seg.conv %x1, %w2 bias %b2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] groups 16 : (tensor<2x12x14x16xf32>, tensor<3x3x1x16xf32>, tensor<16xf32>) -> tensor<2x12x14x16xf32>
    %g = seg.param "norm.gamma" constant 1.0 : tensor<16xf32>
    %h = seg.param "norm.beta" constant 0.0 : tensor<16xf32>
    %n, %mean, %rstd = seg.norm batch %x2, %g, %h epsilon 1.0e-05 : (tensor<2x12x14x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<2x12x14x16xf32>, tensor<16xf32>, tensor<16xf32>)
    %x3 = seg.relu %n : tensor<2x12x14x16xf32>
    %w4 = seg.param "dilated.weight" glorot_uniform 0.0 decay : tensor<3x3x16x16xf32>
    %x4 = seg.conv %x3, %w4 strides [1, 1] pad_low [2, 2] pad_high [2, 2] dilations [2, 2] : (tensor<2x12x14x16xf32>, tensor<3x3x16x16xf32>) -> tensor<2x12x14x16xf32>
    %x5 = seg.add %x4, %x1 : (tensor<2x12x14x16xf32>, tensor<2x12x14x16xf32>) -> tensor<2x12x14x16xf32>
    %w6 = seg.param "down.weight" glorot_uniform 0.0 decay : tensor<2x2x4x32xf32>
    %x6 = seg.conv %x5, %w6 strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 4 : (tensor<2x12x14x16xf32>, tensor<2x2x4x32xf32>) -> tensor<2x6x7x32xf32>
    %x7 = seg.relu %x6 : tensor<2x6x7x32xf32>
    %w8 = seg.param "up.weight" glorot_uniform 0.0 decay : tensor<2x2x32x8xf32>
    %b8 = seg.param "up.bias" constant 0.0 : tensor<16xf32>
    %x8 = seg.conv_transpose %x7, %w8 bias %b8 strides [2, 2] pad_low [0, 0] pad_high [0, 0] groups 2 : (tensor<2x6x7x32xf32>, tensor<2x2x32x8xf32>, tensor<16xf32>) -> tensor<2x12x14x16xf32>
    %x9 = seg.concat %x8, %x5 : (tensor<2x12x14x16xf32>, tensor<2x12x14x16xf32>) -> tensor<2x12x14x32xf32>
    %wa = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<1x1x16x2xf32>
    %ba = seg.param "head.bias" constant 0.0 : tensor<2xf32>
    %xa = seg.conv %x9, %wa bias %ba strides [1, 1] pad_low [0, 0] pad_high [0, 0] groups 2 : (tensor<2x12x14x32xf32>, tensor<1x1x16x2xf32>, tensor<2xf32>) -> tensor<2x12x14x2xf32>
    seg.output %xa : tensor<2x12x14x2xf32>
} objective ["loss", "ce", "dice"] {
  ^bb0(%l0: tensor<2x12x14x2xf32>, %label: tensor<2x12x14xi32>):
    %d, %pc, %s = seg.dice %l0, %label smooth 1.0e-05 : (tensor<2x12x14x2xf32>, tensor<2x12x14xi32>) -> (tensor<f32>, tensor<2xf32>, tensor<2x3x2xf32>)
    %c = seg.cross_entropy %l0, %label : (tensor<2x12x14x2xf32>, tensor<2x12x14xi32>) -> tensor<f32>
    %t = seg.add %d, %c : (tensor<f32>, tensor<f32>) -> tensor<f32>
    seg.output %t, %c, %pc : tensor<f32>, tensor<f32>, tensor<2xf32>
}
