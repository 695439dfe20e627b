// Convolutions with quantized factors: of many channels, with an epilogue, and
// of few at full resolution, by patches, with a normalisation as prologue.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// The first launch quantizes the filter.
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: div.rn.f32
// CHECK: .visible .entry k0_conv_1(
// The filter is copied, 16 numbers at a time; the input is quantized on the way,
// and stored eight numbers at a time.
// CHECK: cp.async.cg.shared.global {{.*}} 16;
// CHECK: st.shared.v2.b32
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-NOT: .trans
// 4 x 8 fragments of 16 x 8 sums, two steps of 32 of the depth.
// CHECK-COUNT-64: mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32
// CHECK-NOT: mma.sync
// CHECK: cp.async.wait_group
// CHECK: bar.sync
// CHECK: cvt.rn.f32.s32
// CHECK: .visible .entry k1_conv(
// CHECK: .visible .entry k1_conv_1(
// The normalised patch is quantized and stored once, before the taps.
// CHECK: st.shared.v2.b32
// CHECK: cp.async.cg.shared.global {{.*}} 16;
// CHECK-NOT: st.shared.v2.b32
// CHECK-COUNT-8: mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32
// CHECK-NOT: mma.sync
// CHECK-NOT: .local

!xh = tensor<2x64x64x128xbf16>
!x = tensor<2x64x64x128xf32>
!xi = tensor<2x64x64x128xi8>
!w = tensor<3x3x128x128xf32>
!wi = tensor<3x3x128x128xi8>
!b = tensor<128xf32>
!ph = tensor<2x64x64x64x32xbf16>
!p = tensor<2x64x64x64x32xf32>
!pi = tensor<2x64x64x64x32xi8>
!v = tensor<3x3x3x32x32xf32>
!vi = tensor<3x3x3x32x32xi8>
!s = tensor<2x32xf32>
!c = tensor<32xf32>
func.func @f(%x: !xh, %w: !w, %b: !b, %p: !ph, %m: !s, %r: !s, %g: !c, %h: !c, %v: !v) -> (!xh, !ph) {
  %f0 = seg.fusion (%a = %x : !xh, %f = %w : !w, %bias = %b : !b) -> (!xh)
      attributes {strategy = #seg.strategy<mma_int8, tile = [128, 128, 64], warp_rows = 64, warp_columns = 64, stages = 3, temp_bytes = 147968>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.quantize %1 scale 0.0125 : !x -> !xi
    %3 = seg.dequantize %2 scale 0.0125 : (!xi) -> !x
    %4, %5 = seg.quantize_filter %f : (!w) -> (!wi, !b)
    %6 = seg.dequantize %4 scales %5 : (!wi, !b) -> !w
    %7 = seg.conv %3, %6 bias %bias strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w, !b) -> !x
    %8 = seg.relu %7 : !x
    %9 = seg.cast %8 : !x -> !xh
    seg.yield %9 : !xh
  }
  %f1 = seg.fusion (%a = %p : !ph, %mean = %m : !s, %rstd = %r : !s, %gamma = %g : !c, %beta = %h : !c, %f = %v : !v) -> (!ph)
      attributes {strategy = #seg.strategy<mma_int8_patch, tile = [128, 32, 32], box = [4, 4, 8], warp_rows = 32, warp_columns = 32, stages = 4, temp_bytes = 27776>} {
    %1 = seg.cast %a : !ph -> !p
    %2 = seg.norm_apply %1, %mean, %rstd, %gamma, %beta : (!p, !s, !s, !c, !c) -> !p
    %3 = seg.leaky_relu %2 slope 0.01 : !p
    %4 = seg.quantize %3 scale 0.0125 : !p -> !pi
    %5 = seg.dequantize %4 scale 0.0125 : (!pi) -> !p
    %6, %7 = seg.quantize_filter %f : (!v) -> (!vi, !c)
    %8 = seg.dequantize %6 scales %7 : (!vi, !c) -> !v
    %9 = seg.conv %5, %8 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!p, !v) -> !p
    %10 = seg.cast %9 : !p -> !ph
    seg.yield %10 : !ph
  }
  return %f0, %f1 : !xh, !ph
}
