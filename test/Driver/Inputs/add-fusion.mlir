func.func @add(%x: tensor<2x3x5x3xf32>, %y: tensor<2x3x5x3xf32>) -> tensor<2x3x5x3xf32> {
  %f = seg.fusion (%a = %x : tensor<2x3x5x3xf32>, %b = %y : tensor<2x3x5x3xf32>) -> (tensor<2x3x5x3xf32>) {
    %r = seg.add %a, %b : (tensor<2x3x5x3xf32>, tensor<2x3x5x3xf32>) -> tensor<2x3x5x3xf32>
    seg.yield %r : tensor<2x3x5x3xf32>
  }
  return %f : tensor<2x3x5x3xf32>
}
