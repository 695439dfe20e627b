// Threads with several positions of the same channels: what all of them share is
// loaded once, then the loads of several positions come before their stores.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx

!xh = tensor<8x128x128x64xbf16>
!x = tensor<8x128x128x64xf32>
!s = tensor<8x64xf32>
!c = tensor<64xf32>

// CHECK-LABEL: .visible .entry k0_norm_apply(
// CHECK-COUNT-4: ld.global.v2.b32
// CHECK-NOT: ld.global.v2.b32
// CHECK-NOT: st.global
// CHECK-COUNT-4: ld.global.{{v2.b16|b32}}
// CHECK: st.global
// CHECK-NOT: .local
func.func @norm_apply(%x: !xh, %m: !s, %v: !s, %g: !c, %b: !c) -> !xh {
  %0 = seg.fusion (%1 = %x : !xh, %2 = %m : !s, %3 = %v : !s, %4 = %g : !c, %5 = %b : !c) -> (!xh) attributes {strategy = #seg.strategy<pointwise, positions = 8>} {
    %6 = seg.cast %1 : !xh -> !x
    %7 = seg.norm_apply %6, %2, %3, %4, %5 : (!x, !s, !s, !c, !c) -> !x
    %8 = seg.leaky_relu %7 slope 0.01 : !x
    %9 = seg.cast %8 : !x -> !xh
    seg.yield %9 : !xh
  }
  return %0 : !xh
}

func.func @norm_grad_apply(%x: !xh, %d: !xh, %m: !s, %v: !s, %g: !c, %p: !s, %q: !s) -> !xh {
  %0 = seg.fusion (%1 = %x : !xh, %2 = %d : !xh, %3 = %m : !s, %4 = %v : !s, %5 = %g : !c, %6 = %p : !s, %7 = %q : !s) -> (!xh) attributes {strategy = #seg.strategy<pointwise, positions = 4>} {
    %8 = seg.cast %1 : !xh -> !x
    %9 = seg.cast %2 : !xh -> !x
    %10 = seg.norm_grad_apply %8, %9, %5, %3, %4, %6, %7 : (!x, !x, !c, !s, !s, !s, !s) -> !x
    %11 = seg.cast %10 : !x -> !xh
    seg.yield %11 : !xh
  }
  return %0 : !xh
}
