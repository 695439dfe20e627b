// Filter gradients of U-Net and nnU-Net 3D at full resolution by warpgroups: a
// stage has a patch of the input for each tap along the width.
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx

// Three warpgroups multiply, one warp copies.
// CHECK: .target sm_90a
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv_filter_grad(
// CHECK: .maxntid 416
// CHECK-COUNT-4: mbarrier.init.shared
// CHECK: mbarrier.arrive.expect_tx.shared.b64
// CHECK-COUNT-4: cp.async.bulk.tensor.4d.shared::cluster.global
// CHECK-NOT: cp.async.bulk.tensor
// A step is 128 pixels, 16 an instruction, for three taps of a column.
// CHECK: wgmma.fence.sync.aligned
// CHECK-COUNT-24: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK: wgmma.wait_group.sync.aligned {{.*}}1;
// CHECK: wgmma.wait_group.sync.aligned {{.*}}0;
// Sums go to memory without shared memory between.
// CHECK-NOT: st.shared
// CHECK: st.global.v2.b32
// CHECK-NOT: st.shared
// The last launch has four slices of 33 copies: 32 loads, then one, before the
// slices meet.
// CHECK: .visible .entry k0_conv_filter_grad_1(
// CHECK: .maxntid 128
// CHECK-COUNT-32: ld.global.b32
// CHECK: add.rn.f32
// CHECK: ld.global.b32
// CHECK: st.shared.b32
// CHECK: bar.sync
// CHECK-COUNT-4: ld.shared.b32
// CHECK: st.global.b32

// In 3-D nine taps of 32 channels are five products of 64 rows.
// CHECK: .visible .entry k{{[0-9]+}}_conv_filter_grad(
// CHECK-COUNT-4: cp.async.bulk.tensor.5d.shared::cluster.global
// CHECK-COUNT-80: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK-NOT: wgmma.mma_async
// CHECK-NOT: .local

!x = tensor<8x568x568x64xf32>
!xh = tensor<8x568x568x64xbf16>
!w = tensor<3x3x64x64xf32>
!v = tensor<2x128x128x128x32xf32>
!vh = tensor<2x128x128x128x32xbf16>
!u = tensor<3x3x3x32x32xf32>
func.func @f(%x: !xh, %g: !xh, %v: !vh, %h: !vh) -> (!w, !u) {
  %f0 = seg.fusion (%a = %x : !xh, %b = %g : !xh) -> (!w)
      attributes {strategy = #seg.strategy<wgmma_patch, tile = [576, 64, 128], box = [1, 8, 16], taps = 9, warpgroups = 3, stages = 2, multiply_type = bf16, parts = 132, temp_bytes = 19464192>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !xh -> !x
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !x) -> !w
    seg.yield %3 : !w
  }
  %f1 = seg.fusion (%a = %v : !vh, %b = %h : !vh) -> (!u)
      attributes {strategy = #seg.strategy<wgmma_patch, tile = [864, 32, 256], box = [4, 8, 8], taps = 27, warpgroups = 3, stages = 2, multiply_type = bf16, parts = 132, temp_bytes = 14598144>} {
    %1 = seg.cast %a : !vh -> !v
    %2 = seg.cast %b : !vh -> !v
    %3 = seg.conv_filter_grad %1, %2 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!v, !v) -> !u
    seg.yield %3 : !u
  }
  return %f0, %f1 : !w, !u
}
