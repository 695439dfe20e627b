func.func @apply_step(%a: tensor<16xf32> {seg.name = "a", seg.offset = 0 : i64, seg.region = "states"}, %b: tensor<16xf32> {seg.name = "b", seg.offset = 64 : i64, seg.region = "states"})
    -> (tensor<16xf32> {seg.name = "a", seg.offset = 0 : i64, seg.region = "states"}, tensor<16xf32> {seg.name = "b", seg.offset = 64 : i64, seg.region = "states"}) {
  %0 = seg.fusion (%x = %a : tensor<16xf32>) -> (tensor<16xf32>) {
    %y = seg.relu %x : tensor<16xf32>
    seg.yield %y : tensor<16xf32>
  }
  %1 = seg.fusion (%x = %b : tensor<16xf32>) -> (tensor<16xf32>) {
    %y = seg.relu %x : tensor<16xf32>
    seg.yield %y : tensor<16xf32>
  }
  return %1, %0 : tensor<16xf32>, tensor<16xf32>
}
