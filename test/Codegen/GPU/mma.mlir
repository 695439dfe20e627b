// A convolution of bf16 values, its input gradient and its filter gradient by
// tensor cores.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// Inputs are copied in pieces of 16 bytes, of which all are zero outside. The
// filter [taps, in, out] lies along the columns, and is transposed on the way
// to registers. Two fragments of the depth of 4 x 8 products.
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: .maxntid 128
// CHECK-NOT: .local
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16,
// CHECK: cp.async.commit_group
// CHECK: cp.async.wait_group {{.*}}1;
// CHECK: bar.sync
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK-COUNT-64: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: mma.sync
// CHECK: cp.async.wait_group {{.*}}0;
// CHECK: bar.sync
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v2.b32

// An input gradient sums over output channels, along which the filter lies.
// CHECK-NOT: .local
// CHECK: .visible .entry k1_conv_input_grad(
// CHECK-NOT: ldmatrix.{{.*}}.trans
// CHECK-COUNT-16: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

// A filter gradient sums over pixels: both factors are transposed.
// CHECK: .visible .entry k2_conv_filter_grad(
// CHECK-NOT: ldmatrix.sync.aligned.m8n8.x4.shared
// CHECK-COUNT-16: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: .local

!x = tensor<2x30x30x64xf32>
!y = tensor<2x30x30x128xf32>
!w = tensor<3x3x64x128xf32>
!xh = tensor<2x30x30x64xbf16>
!yh = tensor<2x30x30x128xbf16>
!wh = tensor<3x3x64x128xbf16>
func.func @f(%x: !xh, %w: !wh, %g: !yh) -> (!yh, !xh, !w) {
  %f0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!yh)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 128, 32], warp_rows = 64, warp_columns = 64, stages = 3, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    %4 = seg.cast %3 : !y -> !yh
    seg.yield %4 : !yh
  }
  %f1 = seg.fusion (%a = %g : !yh, %b = %w : !wh) -> (!xh)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 64, 32], warp_rows = 64, warp_columns = 32, stages = 4, multiply_type = bf16>} {
    %1 = seg.cast %a : !yh -> !y
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv_input_grad %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!y, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  %f2 = seg.fusion (%a = %x : !xh, %b = %g : !yh) -> (!w)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 128, 32], warp_rows = 64, warp_columns = 64, stages = 3, multiply_type = bf16, parts = 4, temp_bytes = 1179648>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !yh -> !y
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %3 : !w
  }
  return %f0, %f1, %f2 : !yh, !xh, !w
}
