// Convolutions use wgmma on the architecture that has it.
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-select-strategy{target=cuda:sm_90}))' | FileCheck %s --check-prefix=NONE
// RUN: segc-opt %s --pass-pipeline='builtin.module(func.func(seg-select-strategy{target=cuda:sm_90a}))' | FileCheck %s
// NONE: #seg.strategy<mma_{{sync|patch}},
// CHECK: #seg.strategy<wgmma{{(_patch)?}},
!x = tensor<2x64x64x128xf32>
!w = tensor<3x3x128x128xf32>
!xh = tensor<2x64x64x128xbf16>
!wh = tensor<3x3x128x128xbf16>
func.func @f(%x: !xh, %w: !wh) -> !xh {
  %f = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!xh) {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  return %f : !xh
}
