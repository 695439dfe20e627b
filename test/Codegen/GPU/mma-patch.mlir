// A convolution of few channels at full resolution, with a normalisation as its
// prologue, and its input gradient, each by patches of the input.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// The first launch copies the filter in 16 bits.
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: st.global.v4.b16
// CHECK: .visible .entry k0_conv_1(
// The normalised patch is stored once, before the taps.
// CHECK: st.shared.v4.b32
// CHECK: cp.async.cg.shared.global
// CHECK: cp.async.wait_group
// CHECK: bar.sync
// CHECK-NOT: st.shared.v4.b32
// CHECK-COUNT-16: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: mma.sync
// CHECK: .visible .entry k1_conv_input_grad(
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: .local

!xh = tensor<2x64x64x64x32xbf16>
!x = tensor<2x64x64x64x32xf32>
!w = tensor<3x3x3x32x32xf32>
!wh = tensor<3x3x3x32x32xbf16>
!s = tensor<2x32xf32>
!c = tensor<32xf32>
func.func @f(%x: !xh, %m: !s, %r: !s, %g: !c, %b: !c, %w: !w, %wh: !wh) -> (!xh, !xh) {
  %f0 = seg.fusion (%a = %x : !xh, %mean = %m : !s, %rstd = %r : !s, %gamma = %g : !c, %beta = %b : !c, %f = %w : !w) -> (!xh)
      attributes {strategy = #seg.strategy<mma_patch, tile = [128, 32, 32], box = [4, 4, 8], warp_rows = 32, warp_columns = 32, stages = 4, multiply_type = bf16, filter_copy, temp_bytes = 55296>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.norm_apply %1, %mean, %rstd, %gamma, %beta : (!x, !s, !s, !c, !c) -> !x
    %3 = seg.leaky_relu %2 slope 0.01 : !x
    %4 = seg.conv %3, %f strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w) -> !x
    %5 = seg.cast %4 : !x -> !xh
    seg.yield %5 : !xh
  }
  %f1 = seg.fusion (%a = %x : !xh, %f = %wh : !wh) -> (!xh)
      attributes {strategy = #seg.strategy<mma_patch, tile = [128, 32, 32], box = [4, 4, 8], warp_rows = 32, warp_columns = 32, stages = 4, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %f : !wh -> !w
    %3 = seg.conv_input_grad %1, %2 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  return %f0, %f1 : !xh, !xh
}
