seg.network @concat_8_8 format 1 classes 2 optimizer {kind = "sgd", learning_rate = 1.00000000000000006e-01 : f64, momentum = 9.00000000000000022e-01 : f64} pipeline {} forward {
  ^bb0(%image: tensor<1x8x16x1xf32>):
    %v1 = seg.param "s0.weight" glorot_uniform 0.0 decay : tensor<3x3x1x8xf32>
    %v2 = seg.param "s0.bias" constant 0.0 : tensor<8xf32>
    %v3 = seg.conv %image, %v1 bias %v2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x16x1xf32>, tensor<3x3x1x8xf32>, tensor<8xf32>) -> tensor<1x8x16x8xf32>
    %v4 = seg.relu %v3 : tensor<1x8x16x8xf32>
    %v5 = seg.param "s1.weight" glorot_uniform 0.0 decay : tensor<3x3x1x8xf32>
    %v6 = seg.param "s1.bias" constant 0.0 : tensor<8xf32>
    %v7 = seg.conv %image, %v5 bias %v6 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x16x1xf32>, tensor<3x3x1x8xf32>, tensor<8xf32>) -> tensor<1x8x16x8xf32>
    %v8 = seg.relu %v7 : tensor<1x8x16x8xf32>
    %v9 = seg.concat %v4, %v8 : (tensor<1x8x16x8xf32>, tensor<1x8x16x8xf32>) -> tensor<1x8x16x16xf32>
    %v10 = seg.param "c.weight" glorot_uniform 0.0 decay : tensor<1x1x16x16xf32>
    %v11 = seg.param "c.bias" constant 0.0 : tensor<16xf32>
    %v12 = seg.conv %v9, %v10 bias %v11 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x16x16xf32>, tensor<1x1x16x16xf32>, tensor<16xf32>) -> tensor<1x8x16x16xf32>
    %v13 = seg.relu %v12 : tensor<1x8x16x16xf32>
    %v14 = seg.param "o.weight" glorot_uniform 0.0 decay : tensor<1x1x16x2xf32>
    %v15 = seg.param "o.bias" constant 0.0 : tensor<2xf32>
    %v16 = seg.conv %v13, %v14 bias %v15 strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<1x8x16x16xf32>, tensor<1x1x16x2xf32>, tensor<2xf32>) -> tensor<1x8x16x2xf32>
    seg.output %v16 : tensor<1x8x16x2xf32>
} objective ["loss", "ce", "dice"] {
  ^bb0(%l0: tensor<1x8x16x2xf32>, %label: tensor<1x8x16xi32>):
    %d, %pc, %s = seg.dice %l0, %label smooth 1.00000000000000008e-05 : (tensor<1x8x16x2xf32>, tensor<1x8x16xi32>) -> (tensor<f32>, tensor<2xf32>, tensor<1x3x2xf32>)
    %c = seg.cross_entropy %l0, %label : (tensor<1x8x16x2xf32>, tensor<1x8x16xi32>) -> tensor<f32>
    %t = seg.add %d, %c : (tensor<f32>, tensor<f32>) -> tensor<f32>
    seg.output %t, %c, %pc : tensor<f32>, tensor<f32>, tensor<2xf32>
}
