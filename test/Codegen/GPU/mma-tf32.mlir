// A convolution of f32 values, its input gradient and its filter gradient by
// tensor cores in tf32.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// Inputs lie along the depth: ldmatrix has four rows of four at a time. The
// filter [taps, in, out] lies across it. Every factor is rounded.
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK-NOT: .local
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16,
// CHECK: cp.async.commit_group
// CHECK: bar.sync
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: cvt.rna.tf32.f32
// CHECK: ld.shared.b32
// CHECK-COUNT-64: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// CHECK-NOT: mma.sync
// CHECK: st.global.v4.b32

// An input gradient sums over output channels, along which the filter lies.
// CHECK-NOT: .local
// CHECK: .visible .entry k1_conv_input_grad(
// CHECK-COUNT-4: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32

// A filter gradient sums over pixels: nothing lies along them.
// CHECK: .visible .entry k2_conv_filter_grad(
// CHECK-NOT: ldmatrix
// CHECK: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// CHECK-NOT: .local

!x = tensor<2x30x30x64xf32>
!y = tensor<2x30x30x128xf32>
!w = tensor<3x3x64x128xf32>
func.func @f(%x: !x, %w: !w, %g: !y) -> (!y, !x, !w) {
  %f0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!y)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 128, 16], warp_rows = 64, warp_columns = 64, stages = 3, multiply_type = tf32>} {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %1 : !y
  }
  %f1 = seg.fusion (%a = %g : !y, %b = %w : !w) -> (!x)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 64, 32], warp_rows = 64, warp_columns = 32, stages = 4, multiply_type = tf32>} {
    %1 = seg.conv_input_grad %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!y, !w) -> !x
    seg.yield %1 : !x
  }
  %f2 = seg.fusion (%a = %x : !x, %b = %g : !y) -> (!w)
      attributes {strategy = #seg.strategy<mma_sync, tile = [128, 128, 16], warp_rows = 64, warp_columns = 64, stages = 3, multiply_type = tf32, parts = 4, temp_bytes = 1179648>} {
    %1 = seg.conv_filter_grad %a, %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %1 : !w
  }
  return %f0, %f1, %f2 : !y, !x, !w
}
