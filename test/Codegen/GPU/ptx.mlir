// A chain of pointwise ops, and a convolution with prologue, bias, epilogue
// and statistics, to the text that a driver takes. No CUDA is needed.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s --check-prefixes=PTX,SM90 < %t.ptx
// RUN: segc-opt %s --segc-gpu=chip=sm_80 --seg-write-ptx=chip=sm_80 -o /dev/null | FileCheck %s --check-prefixes=PTX,SM80
// RUN: not segc-opt %s --segc-gpu --seg-write-ptx=output=%t/none/file -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE

// FILE: error: cannot write {{.*}}none/file: No such file or directory

// SM90: .version 7.8
// SM90: .target sm_90
// SM80: .version 7.0
// SM80: .target sm_80

// All shared memory is dynamic: the host says how much a block has.
// PTX: .extern .shared .align 1024 .b8 segc_shared[];

// Vectors are loaded at once; nothing lives in memory of the thread.
// PTX-NOT: .local
// PTX: .visible .entry k0_norm_apply(
// PTX-NOT: .local
// PTX: ld.global.v4.b32
// PTX: fma.rn.f32
// PTX: st.global.v4.b32

// PTX-NOT: .local
// PTX: .visible .entry k1_conv(
// PTX: .maxntid 256
// PTX-NOT: .local
// PTX: ld.global.v4.b32
// PTX: bar.sync
// PTX: ld.shared.v4.b32
// PTX-COUNT-16: fma.rn.f32
// PTX: bar.sync
// PTX: st.shared.v4.b32
// PTX: bar.sync
// PTX: st.global.v4.b32
// PTX-NOT: .local
// PTX: .visible .entry k1_conv_1(
// PTX-NOT: .local
// PTX: sqrt.rn.f64
// PTX-NOT: .local

// The text is in the module, beside the launches.

!x = tensor<2x9x10x11x16xf32>
!y = tensor<2x9x10x11x32xf32>
!w = tensor<3x3x3x16x32xf32>
!c = tensor<16xf32>
!s = tensor<2x16xf32>
!k = tensor<32xf32>
!t = tensor<2x32xf32>
func.func @f(%x: !x, %m: !s, %r: !s, %g: !c, %b: !c, %w: !w, %bias: !k) -> (!x, !y, !t, !t) {
  %0 = seg.fusion (%a0 = %x : !x, %a1 = %m : !s, %a2 = %r : !s, %a3 = %g : !c, %a4 = %b : !c) -> (!x) {
    %1 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (!x, !s, !s, !c, !c) -> !x
    %2 = seg.leaky_relu %1 slope 0.01 : !x
    %3 = seg.add %2, %a0 : (!x, !x) -> !x
    seg.yield %3 : !x
  }
  %1:3 = seg.fusion (%a0 = %0 : !x, %a1 = %m : !s, %a2 = %r : !s, %a3 = %g : !c, %a4 = %b : !c, %a5 = %w : !w, %a6 = %bias : !k) -> (!y, !t, !t) {
    %1 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (!x, !s, !s, !c, !c) -> !x
    %2 = seg.leaky_relu %1 slope 0.01 : !x
    %3 = seg.conv %2, %a5 bias %a6 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w, !k) -> !y
    %4 = seg.relu %3 : !y
    %mean, %rstd = seg.norm_stats instance %4 epsilon 1.0e-5 : (!y) -> (!t, !t)
    seg.yield %4, %mean, %rstd : !y, !t, !t
  }
  return %0, %1#0, %1#1, %1#2 : !x, !y, !t, !t
}
