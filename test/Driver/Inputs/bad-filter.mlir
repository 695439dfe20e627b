func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x4x16xf32>) -> tensor<1x8x8x16xf32> {
  %y = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x8x8x3xf32>, tensor<3x3x4x16xf32>) -> tensor<1x8x8x16xf32>
  return %y : tensor<1x8x8x16xf32>
}
