// A convolution of few pixels by warpgroups: four blocks share its depth, and
// each finishes a quarter of the columns.
// RUN: segc-opt %s --segc-nvvm="chip=sm_90a" --seg-write-ptx="chip=sm_90a output=%t.ptx" -o /dev/null
// RUN: FileCheck %s < %t.ptx

// CHECK: .target sm_90a
// CHECK-NOT: .local
// CHECK: .visible .entry k0_conv(
// CHECK: .maxntid 288
// CHECK-NEXT: .explicitcluster
// CHECK-NEXT: .reqnctapercluster 4, 1, 1
// CHECK: cp.async.bulk.tensor.5d.shared::cluster.global
// CHECK: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// All sums are there; each is added in the order of the blocks.
// CHECK: barrier.cluster.arrive;
// CHECK-NEXT: barrier.cluster.wait;
// CHECK: mapa.shared::cluster.u64 [[FIRST:%rd[0-9]+]], {{.*}}, 0;
// CHECK-COUNT-4: ld.shared::cluster.v4.b32
// CHECK-NOT: ld.shared::cluster
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v2.b32
// Nobody's memory ends while another block reads it. The warp that copies comes
// to both barriers.
// CHECK-COUNT-3: barrier.cluster.arrive;
// CHECK-NOT: barrier.cluster.arrive;
// CHECK-NOT: .local

!x = tensor<2x4x4x4x256xf32>
!xh = tensor<2x4x4x4x256xbf16>
!w = tensor<3x3x3x256x256xf32>
!wh = tensor<3x3x3x256x256xbf16>
func.func @f(%x: !xh, %w: !wh) -> !xh {
  %f0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!xh)
      attributes {strategy = #seg.strategy<wgmma, tile = [64, 64, 64], box = [4, 4, 4], stages = 4, cluster = 4, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : (!x, !w) -> !x
    %4 = seg.cast %3 : !x -> !xh
    seg.yield %4 : !xh
  }
  return %f0 : !xh
}
