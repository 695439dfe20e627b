// First layers of published networks, and the gradient of the filter of one,
// whose images have one and four channels: by tensor cores in tf32.
// RUN: segc-opt %s --segc-nvvm=chip=sm_90 --seg-write-ptx="chip=sm_90 output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx
// RUN: segc-opt %s --segc-nvvm=chip=sm_80 --seg-write-ptx="chip=sm_80 output=%t-80.ptx" -o /dev/null
// RUN: FileCheck %s < %t-80.ptx

// The patch of one channel is copied by words, the filter by pieces. Nothing is
// copied behind the only wait; factors are loaded one by one and rounded.
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: cp.async.ca.shared.global [{{.*}}], [{{.*}}], 4,
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16,
// CHECK: cp.async.wait_group
// CHECK: bar.sync
// CHECK-NOT: cp.async
// CHECK: ld.shared.b32
// CHECK: cvt.rna.tf32.f32
// CHECK-COUNT-64: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// CHECK-NOT: mma.sync
// CHECK: st.global

// Of four channels, with statistics.
// CHECK: .visible .entry k1_conv(
// CHECK-NOT: cp.async.ca
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16,
// CHECK-COUNT-224: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// CHECK-NOT: mma.sync

// The gradient of the output has 16 bits in shared memory, too.
// CHECK: .visible .entry k2_conv_filter_grad(
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16,
// CHECK-DAG: cp.async.wait_group
// CHECK-DAG: ld.shared.b16
// CHECK-DAG: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// CHECK-NOT: .local

!x = tensor<8x572x572x1xf32>
!w = tensor<3x3x1x64xf32>
!y = tensor<8x570x570x64xf32>
!i = tensor<2x128x128x128x4xf32>
!v = tensor<3x3x3x4x32xf32>
!o = tensor<2x128x128x128x32xf32>
!oh = tensor<2x128x128x128x32xbf16>
!s = tensor<2x32xf32>
func.func @f(%x: !x, %w: !w, %i: !i, %v: !v, %g: !oh) -> (!y, !oh, !s, !s, !v) {
  %f0 = seg.fusion (%a = %x : !x, %b = %w : !w) -> (!y)
      attributes {strategy = #seg.strategy<mma_few_channels, tile = [256, 64, 16], box = [1, 16, 16], warp_rows = 64, warp_columns = 64, multiply_type = tf32>} {
    %1 = seg.conv %a, %b strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !y
    seg.yield %1 : !y
  }
  %f1:3 = seg.fusion (%a = %i : !i, %b = %v : !v) -> (!oh, !s, !s)
      attributes {strategy = #seg.strategy<mma_few_channels, tile = [256, 32, 112], box = [8, 4, 8], warp_rows = 64, warp_columns = 32, multiply_type = tf32, sums_bytes = 4208128>} {
    %1 = seg.conv %a, %b strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!i, !v) -> !o
    %2 = seg.cast %1 : !o -> !oh
    %3 = seg.cast %2 : !oh -> !o
    %4, %5 = seg.norm_stats instance %3 epsilon 1.0e-5 : (!o) -> (!s, !s)
    seg.yield %2, %4, %5 : !oh, !s, !s
  }
  %f2 = seg.fusion (%a = %i : !i, %b = %g : !oh) -> (!v)
      attributes {strategy = #seg.strategy<mma_few_channels, tile = [128, 32, 256], box = [8, 4, 8], warp_rows = 32, warp_columns = 32, stages = 2, multiply_type = tf32, parts = 256, temp_bytes = 3538944>} {
    %1 = seg.cast %b : !oh -> !o
    %2 = seg.conv_filter_grad %a, %1 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!i, !o) -> !v
    seg.yield %2 : !v
  }
  return %f0, %f1#0, %f1#1, %f1#2, %f2 : !y, !oh, !s, !s, !v
}
